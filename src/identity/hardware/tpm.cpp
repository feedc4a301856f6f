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
#include "identity/hardware/provider_directory.h"
#include "identity/hardware/refused_passwords.h"
#include "identity/hardware/tpm_failure.h"
#include "identity/key_kind.h"
#include "identity/pem.h"
#include "rolecall/error.h"

namespace rolecall::identity {
namespace {

using StorePtr = std::unique_ptr<OSSL_STORE_CTX, OpensslDelete<OSSL_STORE_close>>;
using StoreInfoPtr = std::unique_ptr<OSSL_STORE_INFO, OpensslDelete<OSSL_STORE_INFO_free>>;
using UiMethodPtr = std::unique_ptr<UI_METHOD, OpensslDelete<UI_destroy_method>>;
using LibraryPtr = std::shared_ptr<OSSL_LIB_CTX>;

// OpenSSL prefers the provider tpm2 for what a key needs, and otherwise uses another one.
constexpr const char* property_query = "?provider=tpm2";

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
  if (const std::string directory = provider_directory("tpm2");
      providers->tpm == nullptr && !directory.empty()) {
    ERR_clear_error();
    OSSL_PROVIDER_set_default_search_path(providers->library, directory.c_str());
    providers->tpm = OSSL_PROVIDER_load(providers->library, "tpm2");
  }
  if (providers->tpm == nullptr) throw_tpm_error(name, take_tpm_failure());
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
      OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nullptr, nullptr, 0, library, property_query));
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
  const StorePtr store(OSSL_STORE_open_ex((handle + "?pass").c_str(), library, property_query,
                                          ui.get(), &callback, nullptr, nullptr, nullptr));
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
  TpmSigner(std::unique_ptr<Signer> signer, std::string name, std::string owner, Secret password)
      : signer_(std::move(signer)),
        name_(std::move(name)),
        owner_(std::move(owner)),
        password_(std::move(password)) {}

  TpmSigner(const TpmSigner&) = delete;
  TpmSigner& operator=(const TpmSigner&) = delete;
  ~TpmSigner() override {
    const HardwareWait wait(tpm_of(name_));
    signer_.reset();  // removes the key from the TPM
  }

  KeyAlgorithm algorithm() const override { return signer_->algorithm(); }
  std::string public_key() const override { return signer_->public_key(); }

  using Signer::sign;
  std::string sign(std::string_view message, Digest digest) const override {
    std::unique_lock<std::mutex> sending;
    if (!is_right_) {
      sending = lock_sending(owner_, tpm_of(name_));
      if (earlier_refusal(owner_, password_.view()))
        throw_tpm_error(name_, {TpmFailure::Cause::wrong_password, ""});
    }
    const HardwareWait wait(tpm_of(name_));
    try {
      std::string signature = signer_->sign(message, digest);
      is_right_ = true;
      return signature;
    } catch (const WrongPassword&) {
      is_right_ = false;
      remember_refused(owner_, password_.view(), "");
      throw;
    }
  }

 private:
  std::unique_ptr<Signer> signer_;
  std::string name_;
  std::string owner_;
  Secret password_;
  mutable bool is_right_ = false;  // true after a signature that succeeded
};

// When a key file is loaded, the provider sends TPM2OPENSSL_PARENT_AUTH to the TPM as the password
// of the parent key. This variable is the same for the whole process.
EvpPkeyPtr load_with_parent(const std::string& name, const std::string& owner, const Loader& loader,
                            OSSL_LIB_CTX* library, PasswordCallback& callback) {
  const std::string parent = "parent of " + owner;
  const auto sending = lock_sending(parent, tpm_of(name));
  const auto refuse_parent = [&name] {
    throw Error(
        ErrorKind::usage, "the TPM refuses the password of the parent key of " + name,
        "set TPM2OPENSSL_PARENT_AUTH to the right password of the parent key, and start rolecall "
        "again; the password is not tried again, because the TPM counts wrong passwords");
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
  const TpmFailure failure = take_tpm_failure();
  if (failure.cause != TpmFailure::Cause::wrong_password) throw_tpm_error(name, failure);
  remember_refused(parent, "", "");
  refuse_parent();
  return nullptr;
}

// `content` distinguishes this key from another key that may get the same name later.
TpmKey load(const std::string& name, std::string_view content, const IdentityOptions& options,
            const Loader& loader) {
  const std::string owner = cat(name, content);
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
    EvpPkeyPtr key = load_with_parent(name, owner, loader, library.get(), callback);
    EvpPkeyPtr public_key = public_key_of(key.get());
    if (!public_key) throw_tpm_error(name, take_tpm_failure());
    check_hardware_key_kind(public_key.get(), name);
    // The provider leaves errors of other steps in the queue, even if it succeeds.
    ERR_clear_error();
    const bool is_given = callback.asked && !callback.password.empty();
    auto signer = std::make_unique<TpmSigner>(
        make_openssl_signer(std::move(key), library,
                            [name] { throw_tpm_error(name, take_tpm_failure()); }),
        name, owner, std::move(callback.password));
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
        ErrorKind::usage, "\"" + handle + "\" is not the handle of a TPM key",
        "give the handle in hex, such as handle:0x81000001; tpm2_getcap handles-persistent lists "
        "the handles");
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
