# What makes the program rolecall-static. ROLECALL_STATIC is where packaging/static/build has put the
# libraries.
set(libraries)
foreach(name curl cares ssl crypto microhttpd)
  find_library(STATIC_${name} lib${name}.a PATHS ${ROLECALL_STATIC}/lib NO_DEFAULT_PATH REQUIRED)
  list(APPEND libraries ${STATIC_${name}})
endforeach()
target_include_directories(rolecall_library SYSTEM BEFORE PUBLIC ${ROLECALL_STATIC}/include)
target_link_libraries(rolecall_library PUBLIC ${libraries})

set_target_properties(rolecall PROPERTIES OUTPUT_NAME rolecall-static)
set_target_properties(rolecall_library rolecall_cli rolecall PROPERTIES
  INTERPROCEDURAL_OPTIMIZATION ON)
target_sources(rolecall PRIVATE packaging/static/glibc.cpp)
set_source_files_properties(packaging/static/glibc.cpp PROPERTIES COMPILE_OPTIONS -fno-lto)
# --fatal-warnings: the linker warns of functions that load the machine's libraries. Relative
# relocations are most of what a static PIE has, and take a hundredth when packed.
target_link_options(rolecall PRIVATE
  -static-pie -s -Wl,--fatal-warnings -Wl,-z,pack-relative-relocs)
