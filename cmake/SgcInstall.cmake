# Installs the runtime, its public headers, sgc and the package that find_package(sgc) reads.
include(CMakePackageConfigHelpers)
