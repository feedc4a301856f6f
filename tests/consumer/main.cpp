// Gets two sessions for one identity, and prints their access key ids and how often it was asked
// for a password.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "rolecall/hardware.h"
#include "rolecall/session.h"
#include "rolecall/version.h"

static_assert(ROLECALL_VERSION_MAJOR == 0 && ROLECALL_VERSION_MINOR >= 2);

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: consumer ENDPOINT CERTIFICATE KEY ANCHOR PROFILE ROLE\n");
    return 2;
  }
  rolecall::limit_hardware_waits(std::chrono::seconds(10), rolecall::LimitOf::one_call,
                                 [](const rolecall::SilentHardware& hardware) {
                                   std::fprintf(stderr, "consumer: %s\n", hardware.text().c_str());
                                 });
  int asked = 0;
  rolecall::IdentityOptions identity;
  identity.certificate = argv[2];
  identity.private_key = argv[3];
  identity.password = [&asked](const rolecall::PasswordRequest& request) {
    const char* password = std::getenv("CONSUMER_PASSWORD");
    ++asked;
    if (password == nullptr || request.attempt > 1)
      throw rolecall::Error(rolecall::ErrorKind::usage, "CONSUMER_PASSWORD is missing or wrong");
    return rolecall::Secret(password);
  };
  rolecall::SessionOptions session;
  session.endpoint = argv[1];
  session.trust_anchor_arn = argv[4];
  session.profile_arn = argv[5];
  session.role_arn = argv[6];
  try {
    rolecall::Sessions sessions(identity, session);
    const std::string first = sessions.create().access_key_id;
    const std::string second = sessions.create().access_key_id;
    std::printf("%s %s %s %d\n", ROLECALL_VERSION, first.c_str(), second.c_str(), asked);
    return 0;
  } catch (const rolecall::Error& error) {
    std::fprintf(stderr, "consumer: %s\n%s\nabout option: %s\n", error.what(), error.hint().c_str(),
                 error.option().c_str());
    return static_cast<int>(error.kind());
  }
}
