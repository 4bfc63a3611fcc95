# Warnings and sanitizers, held by two interface targets and never by global flags.
add_library(sgc_warnings INTERFACE)
add_library(sgc_instrument INTERFACE)

set(common -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wcast-qual -Wwrite-strings -Wpointer-arith -Wundef
    -Wvla -Wformat=2 -Wnull-dereference -Wdouble-promotion -Wswitch-enum)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(sgc_warnings INTERFACE ${common} -Wcast-align=strict
    -Wimplicit-fallthrough=5 -Wlogical-op -Wduplicated-cond -Wduplicated-branches
    -Wjump-misses-init)
else()
  target_compile_options(sgc_warnings INTERFACE ${common} -Wimplicit-fallthrough)
endif()
if(SGC_WERROR)
  target_compile_options(sgc_warnings INTERFACE -Werror)
endif()

if(SGC_SANITIZE)
  target_compile_options(sgc_instrument INTERFACE -fsanitize=${SGC_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(sgc_instrument INTERFACE -fsanitize=${SGC_SANITIZE})
endif()
if(SGC_FUZZ)
  target_compile_options(sgc_instrument INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SGC_COVERAGE)
  target_compile_options(sgc_instrument INTERFACE --coverage -O0 -fprofile-update=atomic)
  target_link_options(sgc_instrument INTERFACE --coverage)
endif()
