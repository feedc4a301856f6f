#include "base/time.h"

#include <array>

#include "base/text.h"

// g++ 12 has neither std::format nor std::chrono::parse. strptime and strftime use the locale for
// the names of days and months. Each form here has fixed columns, so it is read by columns.
namespace rolecall {
namespace {

using std::chrono::sys_seconds;

constexpr std::array<const char*, 7> day_names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Fields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  unsigned weekday = 0;
};

Fields fields_of(sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          std::chrono::weekday(day).c_encoding()};
}

// Nothing if the year does not have four digits, because a leap second or an offset can lead to
// such a year.
std::optional<sys_seconds> with_four_digits(sys_seconds time) {
  using namespace std::chrono_literals;
  const bool has_four_digits =
      time >= std::chrono::sys_days(0y / 1 / 1) && time < std::chrono::sys_days(10000y / 1 / 1);
  return has_four_digits ? std::optional(time) : std::nullopt;
}

std::optional<sys_seconds> time_of(const Fields& f) {
  const std::chrono::year_month_day date{std::chrono::year(f.year),
                                         std::chrono::month(static_cast<unsigned>(f.month)),
                                         std::chrono::day(static_cast<unsigned>(f.day))};
  // 60 is a leap second. It counts as the first second of the next minute.
  if (!date.ok() || f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
  return with_four_digits(std::chrono::sys_days(date) + std::chrono::hours(f.hour) +
                          std::chrono::minutes(f.minute) + std::chrono::seconds(f.second));
}

// Reads exactly `count` digits of `text` from `at` on.
bool read_number(std::string_view text, std::size_t at, std::size_t count, int& value) {
  if (at + count > text.size()) return false;
  const std::string_view field = text.substr(at, count);
  const auto number = only(field, ascii_digits) ? parse_number<int>(field) : std::nullopt;
  value = number.value_or(value);
  return number.has_value();
}

std::string digits(int value, std::size_t width) {
  const std::string text = cat(value);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

std::string two(int value) {
  return digits(value, 2);
}

}  // namespace

std::chrono::sys_seconds wall_clock() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string rfc3339(sys_seconds time) {
  const Fields f = fields_of(time);
  return digits(f.year, 4) + "-" + two(f.month) + "-" + two(f.day) + "T" + two(f.hour) + ":" +
         two(f.minute) + ":" + two(f.second) + "Z";
}

std::string amz_date(sys_seconds time) {
  const Fields f = fields_of(time);
  return digits(f.year, 4) + two(f.month) + two(f.day) + "T" + two(f.hour) + two(f.minute) +
         two(f.second) + "Z";
}

std::string http_date(sys_seconds time) {
  const Fields f = fields_of(time);
  return cat(day_names[f.weekday], ", ", two(f.day), " ",
             month_names[static_cast<std::size_t>(f.month) - 1], " ", digits(f.year, 4), " ",
             two(f.hour), ":", two(f.minute), ":", two(f.second), " GMT");
}

std::optional<sys_seconds> parse_rfc3339(std::string_view text) {
  Fields f;
  const bool numbers = read_number(text, 0, 4, f.year) && read_number(text, 5, 2, f.month) &&
                       read_number(text, 8, 2, f.day) && read_number(text, 11, 2, f.hour) &&
                       read_number(text, 14, 2, f.minute) && read_number(text, 17, 2, f.second);
  if (!numbers || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    const std::size_t first_digit = ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9')
      ++at;
    if (at == first_digit) return std::nullopt;
  }
  const auto time = time_of(f);
  const std::string_view zone = text.substr(at);
  if (zone == "Z" || zone == "z") return time;
  int hours = 0;
  int minutes = 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' ||
      !read_number(zone, 1, 2, hours) || !read_number(zone, 4, 2, minutes) || hours > 23 ||
      minutes > 59 || !time) {
    return std::nullopt;
  }
  const auto offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return with_four_digits(zone[0] == '+' ? *time - offset : *time + offset);
}

std::optional<sys_seconds> parse_amz_date(std::string_view text) {
  Fields f;
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z' || !read_number(text, 0, 4, f.year) ||
      !read_number(text, 4, 2, f.month) || !read_number(text, 6, 2, f.day) ||
      !read_number(text, 9, 2, f.hour) || !read_number(text, 11, 2, f.minute) ||
      !read_number(text, 13, 2, f.second)) {
    return std::nullopt;
  }
  return time_of(f);
}

std::optional<sys_seconds> parse_http_date(std::string_view text) {
  Fields f;
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" ||
      !read_number(text, 5, 2, f.day) || !read_number(text, 12, 4, f.year) ||
      !read_number(text, 17, 2, f.hour) || !read_number(text, 20, 2, f.minute) ||
      !read_number(text, 23, 2, f.second)) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < month_names.size(); ++i) {
    if (text.substr(8, 3) == month_names[i]) f.month = static_cast<int>(i) + 1;
  }
  return time_of(f);
}

sys_seconds from_utc(const std::tm& fields) {
  return time_of({fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday, fields.tm_hour,
                  fields.tm_min, fields.tm_sec})
      .value_or(sys_seconds{});
}

// Uses no floating point, because that would load the mathematical library at each start.
std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, point);
  std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  const bool has_digits = !fraction.empty() || (!whole.empty() && point == text.size());
  if (!has_digits || !only(text, ascii_digits, ".") ||
      fraction.find('.') != std::string_view::npos) {
    return std::nullopt;
  }
  while (whole.starts_with('0'))
    whole.remove_prefix(1);
  if (whole.size() > 12) return std::nullopt;
  const std::string milliseconds = cat(whole, cat(fraction, "000").substr(0, 3));
  return std::chrono::milliseconds(std::stoll(milliseconds));
}

std::string largest_unit_text(std::chrono::seconds duration) {
  const auto seconds = duration < duration.zero() ? -duration : duration;
  const auto say = [](auto count, const char* unit) {
    return cat(count, " ", unit, count == 1 ? "" : "s");
  };
  if (seconds >= std::chrono::days(1)) return say(seconds / std::chrono::days(1), "day");
  if (seconds >= std::chrono::hours(1)) return say(seconds / std::chrono::hours(1), "hour");
  if (seconds >= std::chrono::minutes(1)) return say(seconds / std::chrono::minutes(1), "minute");
  return say(seconds.count(), "second");
}

std::string seconds_text(std::chrono::milliseconds time) {
  std::string text = cat(time.count() / 1000);
  if (time.count() % 1000 != 0) {
    std::string fraction = cat(1000 + time.count() % 1000).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text + " s";
}

}  // namespace rolecall
