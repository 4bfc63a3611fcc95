# Installs the runtime, its public headers, sgc, sgdb and the package that find_package(sgc) reads.
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/sgc)
install(TARGETS sgc_runtime EXPORT sgcTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY runtime/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
foreach(program sgc sgdb)
  if(TARGET ${program})
    install(TARGETS ${program} EXPORT sgcTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(EXPORT sgcTargets NAMESPACE sgc:: DESTINATION ${package})
configure_package_config_file(cmake/sgcConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/sgcConfig.cmake
  INSTALL_DESTINATION ${package})
# Emitted code asks for an exact ABI, so until 1.0 another minor version is another package.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/sgcConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/sgcConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/sgcConfigVersion.cmake cmake/SgcGenerate.cmake
  DESTINATION ${package})
