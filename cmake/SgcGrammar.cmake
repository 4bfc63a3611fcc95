# re2c and bison: sgc_re2c(IN OUT_VAR) and sgc_bison(IN OUT_VAR HEADER_VAR). Output goes to the
# build folder and is never committed.
find_program(SGC_RE2C re2c REQUIRED)
find_program(SGC_BISON bison REQUIRED)

function(sgc_re2c in out_var)
  get_filename_component(stem ${in} NAME_WE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${stem}.re.c)
  add_custom_command(OUTPUT ${out} DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${in}
    COMMAND ${SGC_RE2C} -W -Werror -Wno-nondeterministic-tags -i --no-generation-date
            -o ${out} ${CMAKE_CURRENT_SOURCE_DIR}/${in}
    COMMENT "re2c ${in}" VERBATIM)
  set_source_files_properties(${out} PROPERTIES COMPILE_OPTIONS
    "-Wno-conversion;-Wno-sign-conversion;-Wno-unused-variable")
  set(${out_var} ${out} PARENT_SCOPE)
endfunction()

function(sgc_bison in out_var)
  get_filename_component(stem ${in} NAME_WE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${stem}.tab.c)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/${stem}.tab.h)
  add_custom_command(OUTPUT ${out} ${header} DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${in}
    COMMAND ${SGC_BISON} -Wall -Werror --no-lines --header=${header} -o ${out}
            ${CMAKE_CURRENT_SOURCE_DIR}/${in}
    COMMENT "bison ${in}" VERBATIM)
  set_source_files_properties(${out} PROPERTIES COMPILE_OPTIONS
    "-Wno-conversion;-Wno-sign-conversion;-Wno-switch-enum;-Wno-null-dereference")
  set(${out_var} ${out} ${header} PARENT_SCOPE)
endfunction()
