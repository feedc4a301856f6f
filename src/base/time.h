// Points in time as text and back, always in UTC and in no locale.
#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace rolecall {

std::chrono::sys_seconds wall_clock();  // now, without its fraction

std::string rfc3339(std::chrono::sys_seconds time);    // 2026-11-23T18:51:52Z
std::string amz_date(std::chrono::sys_seconds time);   // 20261123T185152Z (SigV4's x-amz-date)
std::string http_date(std::chrono::sys_seconds time);  // Mon, 23 Nov 2026 18:51:52 GMT (RFC 9110)

// Takes fractions of a second (dropped) and "Z" or an offset of "+hh:mm" (RFC 3339).
std::optional<std::chrono::sys_seconds> parse_rfc3339(std::string_view text);
std::optional<std::chrono::sys_seconds> parse_amz_date(std::string_view text);
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);  // the form above

// From the fields of a std::tm in UTC, as OpenSSL gives them. (timegm reads /etc/localtime.)
std::chrono::sys_seconds from_utc(const std::tm& fields);

// Seconds as "5", "2.5" or ".5", to the millisecond (what is below is cut); nothing for other
// texts.
std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text);

// "3 days", "2 hours", "1 minute": the largest unit that fits, for messages. Takes either sign.
std::string rough_duration(std::chrono::seconds duration);

// "2 s", "0.25 s": to the millisecond, for limits in messages.
std::string seconds_text(std::chrono::milliseconds time);

// What the clocks of two machines may differ by, and a clock that NTP sets may jump by.
inline constexpr std::chrono::seconds clock_tolerance{300};

}  // namespace rolecall
