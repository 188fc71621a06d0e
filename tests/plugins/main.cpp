// The tests of plugins/. Also the program that a test of the plugin checker runs in: `weft_plugins_tests
// check-one FILE TEST`.
#include <gmock/gmock.h>

#include <string_view>

#include "plugins/check.h"

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "check-one") return weft::check_one(argv[2], argv[3]);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
