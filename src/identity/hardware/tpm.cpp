#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <optional>

#include "base/codec.h"
#include "base/library.h"
#include "base/text.h"
#include "identity/decryption.h"
#include "identity/hardware/hardware.h"
#include "identity/hardware/hardware_wait.h"
#include "identity/hardware/spent_passwords.h"
#include "identity/key_kind.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

using StorePtr = std::unique_ptr<OSSL_STORE_CTX, OpensslDelete<OSSL_STORE_close>>;
using StoreInfoPtr = std::unique_ptr<OSSL_STORE_INFO, OpensslDelete<OSSL_STORE_INFO_free>>;
using UiMethodPtr = std::unique_ptr<UI_METHOD, OpensslDelete<UI_destroy_method>>;
using LibraryPtr = std::shared_ptr<OSSL_LIB_CTX>;

constexpr const char* prefer = "?provider=tpm2";

// What went wrong. The provider puts a TSS response code at the start of the data of its errors
// ("2446 tpm:session(1):…"): TPM 2.0 Library, part 2, 6.6; TSS 2.0 Overview, 5.
enum class Trouble {
  unknown,
  no_module,
  no_tpm,
  cut,
  wrong_password,
  locked,
  foreign,
  no_key,
  full
};

struct TpmFailure {
  Trouble trouble = Trouble::unknown;
  std::string text = "unknown error";
};

Trouble trouble_of(unsigned long code) {
  constexpr unsigned long tcti_layer = 10;
  if (code >> 16 == tcti_layer) return Trouble::no_tpm;
  // TSS2_ESYS_RC_BAD_SEQUENCE: the TSS itself is out of step, because an answer did not arrive.
  if (code == 0x70007) return Trouble::cut;
  if (code >> 16 != 0) return Trouble::unknown;
  if (code == 0x921) return Trouble::locked;  // TPM_RC_LOCKOUT
  if (code == 0x902) return Trouble::full;    // TPM_RC_OBJECT_MEMORY
  if ((code & 0x80) == 0) return Trouble::unknown;
  switch (code & 0x3f) {  // format one: other bits name a handle, session or parameter
    case 0x0e:            // TPM_RC_AUTH_FAIL
    case 0x22:            // TPM_RC_BAD_AUTH
      return Trouble::wrong_password;
    case 0x0b:  // TPM_RC_HANDLE
      return Trouble::no_key;
    case 0x04:  // TPM_RC_VALUE: of a handle if neither TPM_RC_P nor TPM_RC_S is set
      return (code & 0x840) == 0 ? Trouble::no_key : Trouble::unknown;
    case 0x1f:  // TPM_RC_INTEGRITY
      return Trouble::foreign;
    default:
      return Trouble::unknown;
  }
}

// Empties OpenSSL's error queue. The first known error counts, because it causes the others.
TpmFailure take_failure() {
  TpmFailure failure;
  const char* data = nullptr;
  int flags = 0;
  while (const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
    if (failure.trouble != Trouble::unknown) continue;
    if (ERR_GET_LIB(code) == ERR_LIB_DSO) failure.trouble = Trouble::no_module;
    const std::string text = (flags & ERR_TXT_STRING) != 0 && data != nullptr ? data : "";
    char* end = nullptr;
    const unsigned long response = std::strtoul(text.c_str(), &end, 10);
    if (end != text.c_str()) failure.trouble = trouble_of(response);
    if (end != text.c_str()) {
      failure.text = *end == ' ' ? std::string(end + 1) : "response code " + text;
    } else if (const char* reason = ERR_reason_error_string(code)) {
      failure.text = reason;
    }
  }
  return failure;
}

struct WrongPassword : Error {
  using Error::Error;
};

[[noreturn]] void refuse_key(const std::string& name, const TpmFailure& failure) {
  switch (failure.trouble) {
    case Trouble::no_module:
      throw Error(
          ErrorKind::usage,
          name + " is in a TPM, which needs OpenSSL's provider tpm2, and that cannot be loaded",
          "install it (Debian: tpm2-openssl)");
    case Trouble::no_tpm:
      throw Error(ErrorKind::try_later,
                  "the TPM of " + name + " cannot be reached: " + failure.text,
                  "is there one (/dev/tpmrm0), and may this user use it (group tss)? "
                  "TPM2OPENSSL_TCTI names another way to it");
    case Trouble::cut:
      // Not try_later: this signer cannot be used again, because its key must be loaded again.
      throw Error(ErrorKind::failed, "the connection to the TPM of " + name + " was cut",
                  "a program that runs for long loads the key again");
    case Trouble::locked:
      throw Error(ErrorKind::try_later,
                  "the TPM of " + name + " takes no password now: there were too many wrong ones",
                  "it opens by itself after a time; its owner can open it: tpm2_dictionarylockout "
                  "--clear-lockout");
    case Trouble::foreign:
      throw Error(
          ErrorKind::usage,
          name + " is a key of another TPM, or of this one before it was cleared: " + failure.text,
          "make a new key in this TPM, and have a certificate issued for it");
    case Trouble::no_key:
      throw Error(ErrorKind::usage,
                  name + ": the TPM has no key there, or none that was stored under its parent: " +
                      failure.text,
                  "tpm2_getcap handles-persistent lists what it keeps");
    case Trouble::full:
      throw Error(ErrorKind::try_later, "the TPM has no room to load " + name + ": " + failure.text,
                  "use it through a resource manager (/dev/tpmrm0, tpm2-abrmd); tpm2_flushcontext "
                  "--transient-object frees it");
    case Trouble::wrong_password:
      throw WrongPassword(ErrorKind::usage, "wrong password for " + name,
                          "it is not tried again: the TPM counts wrong ones");
    case Trouble::unknown:
      break;
  }
  throw Error(ErrorKind::failed, "the TPM does not serve " + name + ": " + failure.text);
}

std::string tpm_of(const std::string& name) {
  return "the TPM of " + name;
}

// Has its own library context, so that nothing else uses the provider, not even for random numbers.
LibraryPtr load_provider(const std::string& name) {
  require_libraries(name + " is in a TPM, which needs OpenSSL's provider tpm2");
  struct Providers {
    std::string name;
    OSSL_LIB_CTX* library;
    OSSL_PROVIDER* tpm = nullptr;
    OSSL_PROVIDER* standard = nullptr;
    explicit Providers(std::string tpms) : name(std::move(tpms)), library(OSSL_LIB_CTX_new()) {
      if (library == nullptr) throw std::bad_alloc();
    }
    Providers(const Providers&) = delete;
    Providers& operator=(const Providers&) = delete;
    ~Providers() {
      const HardwareWait wait(name);
      if (tpm != nullptr) OSSL_PROVIDER_unload(tpm);
      if (standard != nullptr) OSSL_PROVIDER_unload(standard);
      OSSL_LIB_CTX_free(library);
    }
  };
  ERR_clear_error();
  const auto providers = std::make_shared<Providers>(tpm_of(name));
  const HardwareWait wait(tpm_of(name));
  providers->tpm = OSSL_PROVIDER_load(providers->library, "tpm2");
  if (providers->tpm == nullptr) refuse_key(name, take_failure());
  providers->standard = OSSL_PROVIDER_load(providers->library, "default");
  return {providers, providers->library};
}

// Passes the password to the provider, which asks for it through a C callback.
struct PasswordCallback {
  std::function<Secret()> get;
  std::optional<HardwareWait> wait;  // for the TPM, but not for a person
  std::string tpm;
  bool asked = false;
  Secret password;
  std::exception_ptr error;
};

int give_password(char* buffer, int size, int /*writing*/, void* data) {
  auto& callback = *static_cast<PasswordCallback*>(data);
  try {
    callback.asked = true;
    callback.wait.reset();
    callback.password = callback.get();
    callback.wait.emplace(callback.tpm);
    const std::string_view text = callback.password.view();
    if (text.size() > static_cast<std::size_t>(size)) {
      throw Error(ErrorKind::usage, cat("the TPM key's password has more than ", size, " bytes"));
    }
    std::copy(text.begin(), text.end(), buffer);
    return static_cast<int>(text.size());
  } catch (...) {
    callback.error = std::current_exception();
    return -1;
  }
}

using Loader = std::function<EvpPkeyPtr(OSSL_LIB_CTX*, PasswordCallback&)>;

EvpPkeyPtr from_file(std::string_view pem, OSSL_LIB_CTX* library, PasswordCallback& callback) {
  EVP_PKEY* key = nullptr;
  const BioPtr bio = memory_bio(pem);
  const DecoderCtxPtr decoder(
      OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nullptr, nullptr, 0, library, prefer));
  if (!decoder ||
      OSSL_DECODER_CTX_set_pem_password_cb(decoder.get(), give_password, &callback) != 1 ||
      OSSL_DECODER_from_bio(decoder.get(), bio.get()) != 1) {
    EVP_PKEY_free(key);
    return nullptr;
  }
  return EvpPkeyPtr(key);
}

EvpPkeyPtr from_handle(const std::string& handle, OSSL_LIB_CTX* library,
                       PasswordCallback& callback) {
  const UiMethodPtr ui(UI_UTIL_wrap_read_pem_callback(give_password, 0));
  // With "?pass" in the URI, the provider asks for a password.
  const StorePtr store(OSSL_STORE_open_ex((handle + "?pass").c_str(), library, prefer, ui.get(),
                                          &callback, nullptr, nullptr, nullptr));
  while (store && OSSL_STORE_eof(store.get()) == 0) {
    const StoreInfoPtr info(OSSL_STORE_load(store.get()));
    if (!info) return nullptr;
    if (EVP_PKEY* key = OSSL_STORE_INFO_get1_PKEY(info.get())) return EvpPkeyPtr(key);
  }
  return nullptr;
}

EvpPkeyPtr public_key_of(const EVP_PKEY* key) {
  OSSL_PARAM* params = nullptr;
  const int got = EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &params);
  const ParamsPtr owner(params);
  const char* type = EVP_PKEY_get0_type_name(key);
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* public_key = nullptr;
  if (got != 1 || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &public_key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
    return nullptr;
  }
  return EvpPkeyPtr(public_key);
}

// If the TPM refused a password, it is not sent again in this process. This is also true for an
// empty password: the TPM counts it even if nobody was asked for it.
class TpmSigner final : public Signer {
 public:
  TpmSigner(std::unique_ptr<Signer> inner, std::string name, std::string whose, Secret password)
      : inner_(std::move(inner)),
        name_(std::move(name)),
        whose_(std::move(whose)),
        password_(std::move(password)) {}

  TpmSigner(const TpmSigner&) = delete;
  TpmSigner& operator=(const TpmSigner&) = delete;
  ~TpmSigner() override {
    const HardwareWait wait(tpm_of(name_));
    inner_.reset();  // removes the key from the TPM
  }

  KeyAlgorithm algorithm() const override { return inner_->algorithm(); }
  std::string public_key() const override { return inner_->public_key(); }

  using Signer::sign;
  std::string sign(std::string_view message, Digest digest) const override {
    std::unique_lock<std::mutex> alone;
    if (!is_right_) {
      alone = lock_sending(whose_, tpm_of(name_));
      if (earlier_refusal(whose_, password_.view()))
        refuse_key(name_, {Trouble::wrong_password, ""});
    }
    const HardwareWait wait(tpm_of(name_));
    try {
      std::string signature = inner_->sign(message, digest);
      is_right_ = true;
      return signature;
    } catch (const WrongPassword&) {
      is_right_ = false;
      spend(whose_, password_.view(), "");
      throw;
    }
  }

 private:
  std::unique_ptr<Signer> inner_;
  std::string name_;
  std::string whose_;
  Secret password_;
  mutable bool is_right_ = false;  // true after a signature that succeeded
};

// When a key file is loaded, the provider sends TPM2OPENSSL_PARENT_AUTH to the TPM as the password
// of the parent key. This variable is the same for the whole process.
EvpPkeyPtr load_with_parent(const std::string& name, const std::string& whose, const Loader& loader,
                            OSSL_LIB_CTX* library, PasswordCallback& callback) {
  const std::string parent = "parent of " + whose;
  const auto alone = lock_sending(parent, tpm_of(name));
  const auto refuse_parent = [&name] {
    throw Error(
        ErrorKind::usage, "the TPM refuses the password of the parent of " + name,
        "its parent key has one: it stands in TPM2OPENSSL_PARENT_AUTH. It is not tried "
        "again, as the TPM counts wrong ones: give the right one, and start rolecall again");
  };
  if (earlier_refusal(parent, "")) refuse_parent();
  ERR_clear_error();
  callback.tpm = tpm_of(name);
  callback.wait.emplace(callback.tpm);
  EvpPkeyPtr key = loader(library, callback);
  callback.wait.reset();
  if (callback.error) {
    ERR_clear_error();
    std::rethrow_exception(callback.error);
  }
  if (key) return key;
  const TpmFailure failure = take_failure();
  if (failure.trouble != Trouble::wrong_password) refuse_key(name, failure);
  spend(parent, "", "");
  refuse_parent();
  return nullptr;
}

// `which` tells this key from another key that may get the same name later.
TpmKey load(const std::string& name, std::string_view which, const IdentityOptions& options,
            const Loader& loader) {
  const std::string whose = cat(name, which);
  const LibraryPtr library = load_provider(name);
  for (int attempt = 1; attempt <= max_attempts; ++attempt) {
    PasswordCallback callback;
    callback.get = [&] {
      if (options.tpm_key_has_no_password) return Secret();
      if (!options.password) {
        throw Error(ErrorKind::usage, name + " needs a password, and none was given");
      }
      return options.password({name, attempt, PasswordKind::tpm_key});
    };
    EvpPkeyPtr key = load_with_parent(name, whose, loader, library.get(), callback);
    EvpPkeyPtr public_key = public_key_of(key.get());
    if (!public_key) refuse_key(name, take_failure());
    check_key_kind(public_key.get(), name);
    // The provider leaves errors of other steps in the queue, even if it succeeds.
    ERR_clear_error();
    const bool is_given = callback.asked && !callback.password.empty();
    auto signer = std::make_unique<TpmSigner>(
        make_signer(std::move(key), library, [name] { refuse_key(name, take_failure()); }), name,
        whose, std::move(callback.password));
    if (!is_given) return {std::move(signer), std::move(public_key)};
    // Only a signature shows whether the password is right.
    try {
      signer->sign("rolecall: is this the password?");
      return {std::move(signer), std::move(public_key)};
    } catch (const WrongPassword&) {
      continue;
    }
  }
  throw Error(ErrorKind::usage, cat("wrong password for ", name, ", ", max_attempts, " times"));
}

}  // namespace

bool is_tpm_key(const PemBlock& block) {
  return block.label == "TSS2 PRIVATE KEY";
}

TpmKey load_tpm_handle(const std::string& handle, const IdentityOptions& options) {
  std::string digits = lower_case(handle.substr(handle.find(':') + 1));
  if (digits.starts_with("0x")) digits.erase(0, 2);
  if (digits.size() > 8 || !only(digits, lower_hex_digits)) {
    throw Error(
        ErrorKind::usage, "\"" + handle + "\" is no handle of a TPM's key",
        "it takes hex, such as handle:0x81000001; tpm2_getcap handles-persistent lists them");
  }
  return load("key " + handle, "", options, [&](OSSL_LIB_CTX* library, PasswordCallback& callback) {
    return from_handle(handle, library, callback);
  });
}

TpmKey load_tpm_file(const PemBlock& block, const std::string& name,
                     const IdentityOptions& options) {
  // Only this block, because the provider looks only at the first block of its input.
  const std::string pem = bio_text([&block](BIO* bio) {
    const std::string_view der = block.der.view();
    return PEM_write_bio(bio, block.label.c_str(), "",
                         reinterpret_cast<const unsigned char*>(der.data()),
                         static_cast<long>(der.size()));
  });
  return load(name, pem, options, [&pem](OSSL_LIB_CTX* library, PasswordCallback& callback) {
    return from_file(pem, library, callback);
  });
}

}  // namespace rolecall::identity
