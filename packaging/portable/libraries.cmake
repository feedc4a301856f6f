# The libraries of the portable program: ROLECALL_BUNDLE is where packaging/bundle has put them.
add_library(rolecall_bundle INTERFACE)
target_include_directories(rolecall_bundle SYSTEM INTERFACE ${ROLECALL_BUNDLE}/include)
target_compile_definitions(rolecall_bundle INTERFACE ROLECALL_BUNDLE CURL_STATICLIB)
foreach(name curl nghttp2 ssl crypto microhttpd)
  target_link_libraries(rolecall_bundle INTERFACE ${ROLECALL_BUNDLE}/lib/lib${name}.a)
endforeach()
add_library(OpenSSL::Crypto ALIAS rolecall_bundle)
add_library(nlohmann_json::nlohmann_json ALIAS rolecall_bundle)
set(P11_KIT_INCLUDE_DIRS ${ROLECALL_BUNDLE}/include/p11-kit-1)

# Optimised over all files at once.
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
# The linker's own optimisation is for size, because its inlining makes the program larger and no faster.
string(APPEND CMAKE_EXE_LINKER_FLAGS_RELEASE " -s -Os")
