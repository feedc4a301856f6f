// The order in which several bindings are asked for a session.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "rolecall/credentials.h"
#include "rolecall/error.h"

namespace rolecall::aws {

// How the bindings `names` are asked: the first one, and its fallbacks.
struct AskingOrder {
  const std::vector<std::string>& names;
  std::chrono::milliseconds timeout;  // for all of them
  // Asks the binding with this index, which may use the given time. Throws Error.
  std::function<Credentials(std::size_t which, std::chrono::milliseconds time)> ask;
  // Called before the binding with this index is asked because of the outage of the one before.
  std::function<void(std::size_t which, const Error& outage)> on_outage;
};

// Asks the first binding. After an outage (is_outage), asks the next one, and so on. Every other
// failure is final. Each binding may use an equal part of `timeout`, and also what the bindings
// before it left of their parts. Time in which a person types a password does not count.
//
// Throws the error of the first binding if no other one was asked. Otherwise throws Error
// (try_later) with the reasons of all, because the first endpoint may come back.
Credentials ask_in_order(const AskingOrder& order, const Clock& clock = machine_clock());

}  // namespace rolecall::aws
