# For packaging/bundle: ROLECALL_COMPILERS is a folder with cc, c++, ar and ranlib for the target, whose
# processor is ROLECALL_PROCESSOR (x86_64 or aarch64).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${ROLECALL_PROCESSOR})
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ROLECALL_COMPILERS ROLECALL_PROCESSOR)
set(CMAKE_C_COMPILER ${ROLECALL_COMPILERS}/cc)
set(CMAKE_CXX_COMPILER ${ROLECALL_COMPILERS}/c++)
foreach(tool ar ranlib)
  string(TOUPPER ${tool} variable)
  set(CMAKE_${variable} ${ROLECALL_COMPILERS}/${tool})
  set(CMAKE_C_COMPILER_${variable} ${ROLECALL_COMPILERS}/${tool})
  set(CMAKE_CXX_COMPILER_${variable} ${ROLECALL_COMPILERS}/${tool})
endforeach()
# CMake's own checks would link a program without optimisation, for which zig builds another libc++.
set(CMAKE_CXX_COMPILER_WORKS TRUE)
set(CMAKE_CXX_ABI_COMPILED TRUE)
# Nothing of this machine is linked; programs of this machine may run.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)
set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF)
