// Checks the private key.
#pragma once

#include "doctor/check.h"
#include "doctor/material.h"
#include "rolecall/identity_options.h"

namespace rolecall::doctor {

// Says where the key is, how it is protected and whether it matches the certificate, and makes a
// signature to see that the key works.
Check check_key(const Material& material, const IdentityOptions& options);

}  // namespace rolecall::doctor
