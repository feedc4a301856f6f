// Dates and durations of servers, files and flags.
#include "base/time.h"
#include "target.h"

namespace rolecall::fuzz {
namespace {

using Time = std::chrono::sys_seconds;

void run(std::string_view input) {
  const auto check = [](const std::optional<Time>& time) {
    if (!time) return;
    require(parse_rfc3339(rfc3339(*time)) == time, "a time as RFC 3339 reads as itself");
    require(parse_amz_date(amz_date(*time)) == time, "a time as x-amz-date reads as itself");
    require(parse_http_date(http_date(*time)) == time, "a time as HTTP-date reads as itself");
    largest_unit_text(*time - Time());
  };
  check(parse_rfc3339(input));
  check(parse_amz_date(input));
  check(parse_http_date(input));
  const auto seconds = parse_seconds(input);
  require(!seconds || seconds->count() >= 0, "a duration is not negative");
}

std::vector<std::string> seeds() {
  return {"2026-11-23T18:51:52Z",
          "2026-11-23t18:51:52.123+01:30",
          "20261123T185152Z",
          "Mon, 23 Nov 2026 18:51:52 GMT",
          "9999-12-31T23:59:60Z",
          "0000-01-01T00:00:00-23:59",
          "0000-01-01T00:00:00+23:59",
          "2024-02-29T00:00:00Z",
          "2.5",
          ".5",
          "99999999999999999999"};
}

const Registration target({"dates", seeds, run});

}  // namespace
}  // namespace rolecall::fuzz
