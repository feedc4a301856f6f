#include "emulate/faults.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "base/time.h"
#include "rolecall/error.h"

namespace rolecall::emulate {
namespace {

Error bad_fault(const std::string& text, const std::string& why) {
  return {ErrorKind::usage, "`fault` " + text + ": " + why,
          "KIND[=VALUE][:COUNT], where KIND is an HTTP status (300 to 599), throttle, "
          "delay=SECONDS, broken, truncated, empty, clock=+SECONDS or clock=-SECONDS, or "
          "retry-after=SECONDS; without COUNT, the fault affects every response"};
}

// A function that reads the value of one kind of fault. It returns what is wrong with the value, or
// nullptr.
using ReadValue = const char* (*)(std::string_view value, Fault& fault);

const char* read_delay(std::string_view value, Fault& fault) {
  const auto delay = parse_seconds(value);
  if (!delay || *delay > std::chrono::hours(1)) {
    return "the delay is not a number of seconds from 0 to 3600";
  }
  fault.delay = *delay;
  return nullptr;
}

const char* read_clock(std::string_view value, Fault& fault) {
  if (value.starts_with('+')) value.remove_prefix(1);
  const auto seconds = parse_number<int>(value);
  if (!seconds) return "the clock's error is not a whole number of seconds";
  fault.seconds = std::chrono::seconds(*seconds);
  return nullptr;
}

const char* read_retry_after(std::string_view value, Fault& fault) {
  const auto seconds = parse_number<unsigned short>(value);
  if (!seconds) return "the time is not a whole number of seconds";
  fault.seconds = std::chrono::seconds(*seconds);
  return nullptr;
}

struct FaultName {
  std::string_view name;
  Fault::Kind kind;
  ReadValue read_value;  // nullptr: this kind has no value
};

constexpr std::array<FaultName, 7> fault_names = {{
    {"throttle", Fault::Kind::throttle, nullptr},
    {"delay", Fault::Kind::delay, read_delay},
    {"broken", Fault::Kind::broken, nullptr},
    {"truncated", Fault::Kind::truncated, nullptr},
    {"empty", Fault::Kind::empty, nullptr},
    {"clock", Fault::Kind::clock, read_clock},
    {"retry-after", Fault::Kind::retry_after, read_retry_after},
}};

// A fault without a name is the status of the response.
const char* read_status(std::string_view text, Fault& fault) {
  const auto status = parse_number<int>(text);
  if (!status) return "no fault has this name";
  if (*status < 300 || *status > 599) return "not a status from 300 to 599";
  fault.kind = Fault::Kind::status;
  fault.status = *status;
  return nullptr;
}

}  // namespace

Fault parse_fault(const std::string& text) {
  std::string_view rest(text);
  Fault fault;
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    fault.left = parse_number<unsigned>(rest.substr(colon + 1));
    if (!fault.left || *fault.left == 0)
      throw bad_fault(text, "the count is not a whole number greater than 0");
    rest = rest.substr(0, colon);
  }
  const std::size_t equals = rest.find('=');
  const std::string_view name = rest.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  const auto* known = std::find_if(fault_names.begin(), fault_names.end(),
                                   [name](const FaultName& one) { return one.name == name; });
  const bool is_known = known != fault_names.end();
  if (is_known) fault.kind = known->kind;
  const char* wrong = nullptr;
  if (is_known && known->read_value != nullptr) {
    wrong = known->read_value(has_value ? rest.substr(equals + 1) : "", fault);
  } else if (has_value) {
    throw bad_fault(text, cat("\"", name, "\" takes no value"));
  } else if (!is_known) {
    wrong = read_status(name, fault);
  }
  if (wrong != nullptr) throw bad_fault(text, wrong);
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
    bool used = false;  // if two faults have the same kind, the first is used up before the second
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
