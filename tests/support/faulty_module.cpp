// A PKCS#11 module for tests: SoftHSM behind a door that lets things go wrong, as tokens do. It is
// the seam where real hardware cannot be had: nothing else of PKCS#11 is made up. What shall go
// wrong stands in the file that $FAULTS names, read anew for every call:
//   CALL CODE TIMES    the next TIMES calls of a function (C_Sign, …) return CODE, in hex
//   MECHANISM CODE -   the token has not got this mechanism
//   FLAGS MASK -       these flags are set in what the token says of itself
//   PAD - -            its PIN is typed at the token
//   ABSENT - -         there is no token
//   FLICKER - -        there is none for a moment behind each login: the next look at it fails
//   LOST N -           the module has forgotten its state, until it is started after N times in all
//   HANG_CALL - -      a function does not return while this line stands here
//   SLOW MILLISECONDS -    each function takes so long, in hex
//   KEY_TYPE TYPE -    every key says that it is of this type, in hex
//   ODD_CALL N -       a function says that it gave so many bytes or objects, in hex
//   LOG N -            calls are noted in $FAULTS.log.N from now on, and not in $FAULTS.log; in hex
// Each line of $FAULTS.log is a call that mattered: a login with its kind and the length of its
// PIN, a mechanism that signed, a search for objects, a start of the module.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

namespace {

CK_FUNCTION_LIST real;  // SoftHSM's functions
CK_FUNCTION_LIST ours;

std::string file() {
  const char* name = std::getenv("FAULTS");
  return name == nullptr ? "/nonexistent" : name;
}

// The number in the line `what subject`, if it is there.
bool fault(const std::string& what, unsigned long& code, std::string& times) {
  std::ifstream lines(file());
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string name;
    std::string number;
    if (words >> name >> number >> times && name == what) {
      code = std::strtoul(number.c_str(), nullptr, 16);
      return true;
    }
  }
  return false;
}

bool has(const std::string& what) {
  unsigned long code = 0;
  std::string times;
  return fault(what, code, times);
}

unsigned long number(const std::string& what) {
  unsigned long code = 0;
  std::string times;
  return fault(what, code, times) ? code : 0;
}

void log(const std::string& line) {
  const unsigned long part = number("LOG");
  const std::string name = file() + ".log" + (part == 0 ? "" : "." + std::to_string(part));
  std::ofstream(name, std::ios::app) << line + "\n";
}

unsigned long starts = 0;    // of this process
bool has_logged_in = false;  // and nobody has looked at the token since

// Of this process: what shall go wrong once does so once in each.
CK_RV failure(const std::string& call) {
  if (has("LOST") && starts <= number("LOST")) return CKR_CRYPTOKI_NOT_INITIALIZED;
  std::this_thread::sleep_for(std::chrono::milliseconds(number("SLOW")));
  if (has("HANG_" + call)) log("hang " + call);
  while (has("HANG_" + call))
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  static std::map<std::string, int> done;
  unsigned long code = 0;
  std::string times;
  if (!fault(call, code, times) || done[call] >= std::atoi(times.c_str())) return CKR_OK;
  ++done[call];
  return code;
}

void say_odd(const std::string& call, CK_ULONG& count) {
  unsigned long odd = 0;
  std::string rest;
  if (fault("ODD_" + call, odd, rest)) count = odd;
}

CK_RV initialize(void* arguments) {
  log("start");
  ++starts;
  if (const CK_RV code = failure("C_Initialize")) return code;
  return real.C_Initialize(arguments);
}

CK_RV finalize(void* reserved) {
  if (const CK_RV code = failure("C_Finalize")) return code;
  return real.C_Finalize(reserved);
}

CK_RV get_slot_list(unsigned char present, CK_SLOT_ID* slots, CK_ULONG* count) {
  if (const CK_RV code = failure("C_GetSlotList")) return code;
  if (has("ABSENT") && present != 0) {
    *count = 0;
    return CKR_OK;
  }
  return real.C_GetSlotList(present, slots, count);
}

CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  if (has("ABSENT")) return CKR_TOKEN_NOT_PRESENT;
  if (has("FLICKER") && std::exchange(has_logged_in, false)) return CKR_TOKEN_NOT_PRESENT;
  const CK_RV code = real.C_GetTokenInfo(slot, info);
  info->flags |= number("FLAGS");
  if (has("PAD")) info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
  return code;
}

CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify,
                   CK_SESSION_HANDLE* session) {
  if (has("ABSENT")) return CKR_TOKEN_NOT_PRESENT;
  if (const CK_RV code = failure("C_OpenSession")) return code;
  return real.C_OpenSession(slot, flags, application, notify, session);
}

CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE* pattern, CK_ULONG count) {
  log("find");
  if (const CK_RV code = failure("C_FindObjectsInit")) return code;
  return real.C_FindObjectsInit(session, pattern, count);
}

CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects, CK_ULONG most,
                   CK_ULONG* count) {
  const CK_RV code = real.C_FindObjects(session, objects, most, count);
  say_odd("C_FindObjects", *count);
  return code;
}

CK_RV close_session(CK_SESSION_HANDLE session) {
  if (const CK_RV code = failure("C_CloseSession")) return code;
  return real.C_CloseSession(session);
}

CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* values,
                          CK_ULONG count) {
  if (const CK_RV code = failure("C_GetAttributeValue")) return code;
  const CK_RV code = real.C_GetAttributeValue(session, object, values, count);
  say_odd("C_GetAttributeValue", values->ulValueLen);
  if (code == CKR_OK && values->type == CKA_KEY_TYPE && values->pValue != nullptr &&
      has("KEY_TYPE")) {
    *static_cast<CK_KEY_TYPE*>(values->pValue) = number("KEY_TYPE");
  }
  return code;
}

CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, CK_ULONG size) {
  log(std::string(user == CKU_USER ? "user" : "key") + " login with " +
      (pin == nullptr ? "no PIN" : std::to_string(size)));
  has_logged_in = true;
  if (const CK_RV code = failure("C_Login")) return code;
  if (pin != nullptr) return real.C_Login(session, user, pin, size);
  unsigned char typed[] = {'1', '2', '3', '4'};  // by whoever stands at the pad
  return has("PAD") ? real.C_Login(session, user, typed, sizeof typed) : CKR_ARGUMENTS_BAD;
}

CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* how, CK_OBJECT_HANDLE key) {
  if (const CK_RV code = failure("C_SignInit")) return code;
  if (number("MECHANISM") == how->mechanism) return CKR_MECHANISM_INVALID;
  std::ostringstream text;
  text << "sign " << std::hex << how->mechanism;
  log(text.str());
  return real.C_SignInit(session, how, key);
}

CK_RV sign(CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size, unsigned char* signature,
           CK_ULONG* signature_size) {
  if (has("ABSENT")) return CKR_DEVICE_REMOVED;
  if (const CK_RV code = failure("C_Sign")) return code;
  const CK_RV code = real.C_Sign(session, data, size, signature, signature_size);
  say_odd("C_Sign", *signature_size);
  return code;
}

}  // namespace

extern "C" CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  void* library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
  void* address = library == nullptr ? nullptr : dlsym(library, "C_GetFunctionList");
  CK_FUNCTION_LIST* softhsm = nullptr;
  if (address == nullptr || reinterpret_cast<CK_C_GetFunctionList>(address)(&softhsm) != CKR_OK) {
    return CKR_GENERAL_ERROR;
  }
  real = *softhsm;
  ours = real;
  ours.C_Initialize = initialize;
  ours.C_GetFunctionList = C_GetFunctionList;
  ours.C_Finalize = finalize;
  ours.C_CloseSession = close_session;
  ours.C_FindObjects = find_objects;
  ours.C_GetSlotList = get_slot_list;
  ours.C_GetTokenInfo = get_token_info;
  ours.C_OpenSession = open_session;
  ours.C_FindObjectsInit = find_objects_init;
  ours.C_GetAttributeValue = get_attribute_value;
  ours.C_Login = login;
  ours.C_SignInit = sign_init;
  ours.C_Sign = sign;
  *list = &ours;
  return CKR_OK;
}
