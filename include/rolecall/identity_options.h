// Who asks: where a certificate and its key are to be found.
#pragma once

#include <string>

namespace rolecall {

// Where the certificate, its chain and its key are. All are paths of PEM files.
struct IdentityOptions {
  std::string certificate;    // the leaf, in any position, and as much of its chain as there is
  std::string private_key;    // PKCS#8, PKCS#1 or SEC1, not encrypted
  std::string intermediates;  // more of the chain, in any order; may be empty
};

}  // namespace rolecall
