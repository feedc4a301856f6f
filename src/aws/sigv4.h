// AWS Signature Version 4 with an access key, only for POST requests with a form to "/" (IAM User
// Guide, "Create a signed AWS API request").
#pragma once

#include <chrono>
#include <string>

#include "http/message.h"
#include "rolecall/credentials.h"

namespace rolecall::aws {

struct FormRequest {
  std::string host;  // the value of the Host header
  std::string region;
  std::string service;  // "sts"
  std::string body;     // "Action=GetCallerIdentity&Version=2011-06-15"
};

// The headers to send. Credentials without a session token work too.
http::Headers sign_form(const FormRequest& request, const Credentials& credentials,
                        std::chrono::sys_seconds now);

}  // namespace rolecall::aws
