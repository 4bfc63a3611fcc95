# sgc_generate(TARGET t SCHEMAS a.graphql... [PREFIX p] [SPLIT n] [RESOLVERS file.c...])
#
# Turns the schemas (one schema together) into C when they change, and adds
#   t          a static library of the emitted code, with its headers, linked with sgc::runtime
#   <p>-server a GraphQL server with the schema compiled in
# p is the first schema's name without its ending unless PREFIX says otherwise. SPLIT spreads the
# code over n files. RESOLVERS are your files with the functions that @resolver and @computed name.
include_guard(GLOBAL)

function(sgc_generate)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;PREFIX;SPLIT" "SCHEMAS;RESOLVERS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sgc_generate: unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TARGET OR NOT arg_SCHEMAS)
    message(FATAL_ERROR "sgc_generate: TARGET and SCHEMAS are needed")
  endif()
  set(schemas "")
  foreach(schema ${arg_SCHEMAS})
    get_filename_component(path ${schema} ABSOLUTE)
    if(NOT EXISTS ${path})
      message(FATAL_ERROR "sgc_generate: there is no ${path}")
    endif()
    list(APPEND schemas ${path})
  endforeach()
  list(GET schemas 0 first)
  set(prefix ${arg_PREFIX})
  if(NOT prefix)
    get_filename_component(prefix ${first} NAME_WLE)
  endif()

  # sgc leaves files alone that would not change; the stamp says that it ran.
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}.sgc)
  set(code ${folder}/${prefix}.sgc.c)
  if(arg_SPLIT GREATER 1)
    foreach(i RANGE 2 ${arg_SPLIT})
      list(APPEND code ${folder}/${prefix}.${i}.sgc.c)
    endforeach()
  endif()
  list(APPEND code ${folder}/${prefix}.schema.sgc.c ${folder}/${prefix}.resolve.sgc.c)
  set(headers ${folder}/${prefix}.sgc.h ${folder}/${prefix}.inside.sgc.h
      ${folder}/${prefix}.resolve.sgc.h)
  set(server ${folder}/${prefix}.server.sgc.c)
  set(options --prefix ${prefix})
  if(arg_SPLIT)
    list(APPEND options --split ${arg_SPLIT})
  endif()
  set(stamp ${folder}.stamp)
  add_custom_command(OUTPUT ${stamp} BYPRODUCTS ${code} ${headers} ${server}
    COMMAND sgc::sgc ${schemas} -o ${folder} ${options}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${schemas} sgc::sgc
    COMMENT "sgc ${arg_SCHEMAS}" VERBATIM)
  add_custom_target(${arg_TARGET}_sgc_files DEPENDS ${stamp})

  add_library(${arg_TARGET} STATIC ${code})
  target_compile_features(${arg_TARGET} PUBLIC c_std_11)
  target_include_directories(${arg_TARGET} PUBLIC ${folder})
  target_link_libraries(${arg_TARGET} PUBLIC sgc::runtime)
  add_dependencies(${arg_TARGET} ${arg_TARGET}_sgc_files)
  if(arg_RESOLVERS)
    # The resolver table refers to them weakly, and a weak reference takes nothing out of an
    # archive: they are linked as objects into everything that links the library.
    add_library(${arg_TARGET}_resolvers OBJECT ${arg_RESOLVERS})
    target_include_directories(${arg_TARGET}_resolvers PRIVATE ${folder})
    target_link_libraries(${arg_TARGET}_resolvers PRIVATE sgc::runtime)
    add_dependencies(${arg_TARGET}_resolvers ${arg_TARGET}_sgc_files)
    target_link_libraries(${arg_TARGET} INTERFACE $<TARGET_OBJECTS:${arg_TARGET}_resolvers>)
  endif()
  add_executable(${prefix}-server ${server})
  target_link_libraries(${prefix}-server PRIVATE ${arg_TARGET})
  add_dependencies(${prefix}-server ${arg_TARGET}_sgc_files)
endfunction()
