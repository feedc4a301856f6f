// Converts times to text and back, always in UTC and without a locale.
#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace rolecall {

std::chrono::sys_seconds wall_clock();  // now, without the fraction of the second

std::string rfc3339(std::chrono::sys_seconds time);    // 2026-11-23T18:51:52Z
std::string amz_date(std::chrono::sys_seconds time);   // 20261123T185152Z (SigV4's x-amz-date)
std::string http_date(std::chrono::sys_seconds time);  // Mon, 23 Nov 2026 18:51:52 GMT (RFC 9110)

// These return nothing if the text has another form. parse_rfc3339 accepts fractions of a second,
// which it drops, and "Z" or an offset such as "+01:00" (RFC 3339).
std::optional<std::chrono::sys_seconds> parse_rfc3339(std::string_view text);
std::optional<std::chrono::sys_seconds> parse_amz_date(std::string_view text);
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);  // as http_date

// Reads the fields of a std::tm in UTC, as OpenSSL gives them. Returns 1970 if they are not a date.
// Does not use timegm, because that reads /etc/localtime.
std::chrono::sys_seconds from_utc(const std::tm& fields);

// Reads seconds such as "5", "2.5" or ".5", to the millisecond (further digits are cut off).
// Nothing if the text has another form.
std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text);

// "3 days", "2 hours", "1 minute": rounded down to the largest unit that is not 0, for messages.
// The sign is ignored.
std::string largest_unit_text(std::chrono::seconds duration);

// "2 s", "0.25 s": to the millisecond, for limits in messages.
std::string seconds_text(std::chrono::milliseconds time);

// How much the clocks of two machines may differ, and how far a clock that NTP sets may jump.
inline constexpr std::chrono::seconds clock_tolerance{300};

}  // namespace rolecall
