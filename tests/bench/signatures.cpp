// Signatures a second with a signer that is kept, as in a program that runs for long. Prints one
// line for each key that is named: --private-key's value, and a PIN or password in $PASSWORD.
//   cmake --build build --target bench_signatures && PASSWORD=1234 build/bench_signatures KEY…
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "identity/identity.h"
#include "rolecall/error.h"

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  for (int i = 1; i < argc; ++i) {
    rolecall::IdentityOptions options;
    options.private_key = argv[i];
    options.password = [](const rolecall::PasswordRequest& request) {
      const char* password = std::getenv("PASSWORD");
      if (password == nullptr || request.attempt > 1) {
        throw rolecall::Error(rolecall::ErrorKind::usage, "wrong PIN or password");
      }
      return rolecall::Secret(password);
    };
    try {
      const Clock::time_point start = Clock::now();
      const auto signer = rolecall::identity::load_signer(options, {});
      const Clock::time_point loaded = Clock::now();
      int count = 0;
      std::chrono::duration<double> taken{};
      for (; taken.count() < 2; taken = Clock::now() - loaded, ++count)
        signer->sign("a text to sign");
      std::printf("%-60s loaded in %5.1f ms, %7.0f signatures/s\n", argv[i],
                  std::chrono::duration<double, std::milli>(loaded - start).count(),
                  count / taken.count());
    } catch (const rolecall::Error& error) {
      std::printf("%-60s %s\n", argv[i], error.what());
    }
  }
}
