// What a client checks of a server's certificate.
#pragma once

#include <string>

namespace rolecall::http {

// Whether the first certificate of a PEM text is for this host name or numeric address.
bool is_certificate_of(const std::string& certificate, const std::string& host);

}  // namespace rolecall::http
