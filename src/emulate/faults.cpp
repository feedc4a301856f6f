#include "emulate/faults.h"

#include <charconv>
#include <string_view>

#include "base/time.h"
#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

Error bad_fault(const std::string& text, const std::string& why) {
  return {ErrorKind::usage, "--fault " + text + ": " + why,
          "KIND[=VALUE][:COUNT], where KIND is an HTTP status (300 to 599), throttle, "
          "delay=SECONDS, broken, truncated, empty, clock=+SECONDS or clock=-SECONDS, or "
          "retry-after=SECONDS; without COUNT it holds for every answer"};
}

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Fault parse_fault(const std::string& text) {
  std::string_view rest(text);
  Fault fault;
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    fault.left = read_number<unsigned>(rest.substr(colon + 1));
    if (!fault.left || *fault.left == 0)
      throw bad_fault(text, "the count is not a number from 1 on");
    rest = rest.substr(0, colon);
  }
  const std::size_t equals = rest.find('=');
  const std::string_view kind = rest.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  std::string_view value = has_value ? rest.substr(equals + 1) : std::string_view();

  if (kind == "delay") {
    const auto delay = parse_seconds(value);
    if (!delay || *delay > std::chrono::hours(1)) {
      throw bad_fault(text, "the delay is not a number of seconds from 0 to 3600");
    }
    fault.kind = Fault::Kind::delay;
    fault.delay = *delay;
    return fault;
  }
  if (kind == "clock") {
    if (value.starts_with('+')) value.remove_prefix(1);
    const auto seconds = read_number<int>(value);
    if (!seconds) {
      throw bad_fault(text, "the clock's error is not a whole number of seconds");
    }
    fault.kind = Fault::Kind::clock;
    fault.seconds = std::chrono::seconds(*seconds);
    return fault;
  }
  if (kind == "retry-after") {
    const auto seconds = read_number<unsigned short>(value);
    if (!seconds) throw bad_fault(text, "the time is not a whole number of seconds");
    fault.kind = Fault::Kind::retry_after;
    fault.seconds = std::chrono::seconds(*seconds);
    return fault;
  }
  if (has_value) throw bad_fault(text, "\"" + std::string(kind) + "\" takes no value");
  if (kind == "throttle") {
    fault.kind = Fault::Kind::throttle;
  } else if (kind == "broken") {
    fault.kind = Fault::Kind::broken;
  } else if (kind == "truncated") {
    fault.kind = Fault::Kind::truncated;
  } else if (kind == "empty") {
    fault.kind = Fault::Kind::empty;
  } else {
    const auto status = read_number<int>(kind);
    if (!status) throw bad_fault(text, "there is no fault of this kind");
    if (*status < 300 || *status > 599) throw bad_fault(text, "not a status from 300 to 599");
    fault.status = *status;
  }
  return fault;
}

std::chrono::seconds Faults::clock_offset() const {
  for (const Fault& fault : faults_) {
    if (fault.kind == Fault::Kind::clock && fault.active()) return fault.seconds;
  }
  return std::chrono::seconds(0);
}

Effects Faults::next() {
  Effects effects;
  bool has_delay = false;
  bool has_clock = false;
  for (Fault& fault : faults_) {
    if (!fault.active()) continue;
    bool used = false;  // of two faults of one kind the first goes before the second
    switch (fault.kind) {
      case Fault::Kind::delay:
        used = !has_delay;
        has_delay = true;
        if (used) effects.delay = fault.delay;
        break;
      case Fault::Kind::clock:
        used = !has_clock;
        has_clock = true;
        break;
      case Fault::Kind::retry_after:
        used = !effects.retry_after;
        if (used) effects.retry_after = fault.seconds;
        break;
      default:
        used = !effects.outcome;
        if (used) effects.outcome = fault;
    }
    if (used && fault.left) --*fault.left;
  }
  return effects;
}

}  // namespace rolecall::emulate
