// Prints the access key id of a new session.
#include <cstdio>

#include "rolecall/session.h"
#include "rolecall/version.h"

static_assert(ROLECALL_VERSION_MAJOR == 0 && ROLECALL_VERSION_MINOR >= 1);

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: consumer ENDPOINT CERTIFICATE KEY ANCHOR PROFILE ROLE\n");
    return 2;
  }
  rolecall::IdentityOptions identity;
  identity.certificate = argv[2];
  identity.private_key = argv[3];
  rolecall::SessionOptions session;
  session.endpoint = argv[1];
  session.trust_anchor_arn = argv[4];
  session.profile_arn = argv[5];
  session.role_arn = argv[6];
  try {
    const rolecall::Credentials credentials = rolecall::create_session(identity, session);
    std::printf("%s %s\n", ROLECALL_VERSION, credentials.access_key_id.c_str());
    return 0;
  } catch (const rolecall::Error& error) {
    std::fprintf(stderr, "consumer: %s\n%s\n", error.what(), error.hint().c_str());
    return static_cast<int>(error.kind());
  }
}
