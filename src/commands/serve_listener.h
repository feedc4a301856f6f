// The addresses at which serve listens.
#pragma once

#include <optional>
#include <string>

#include "http/listener.h"
#include "options/settings.h"

namespace rolecall::cli {

struct ServeListener {
  http::Listener listener;
  bool is_remote;  // other machines can connect
};

// Listens for clients at --address and --port, or takes over the socket of the service manager.
// Throws Error (usage), also if other machines could connect and --allow-remote is not set.
ServeListener listen_for_clients(const Settings& settings);

// The value of --metrics-address. Its address is empty if it stands for all addresses. Throws Error
// (usage).
http::SocketName parse_metrics_address(const std::string& text);

// Listens at --metrics-address; nullopt if it is not set. Throws Error (usage).
std::optional<http::Listener> listen_for_supervisors(const Settings& settings);

}  // namespace rolecall::cli
