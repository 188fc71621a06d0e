#include "host/device_runtime.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace weft {
namespace {

class LimitSpinning : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("OMP_WAIT_POLICY");
    ::unsetenv("GOMP_SPINCOUNT");
  }
  void TearDown() override { SetUp(); }
};

TEST_F(LimitSpinning, HasOpenMpSleepSoon) {
  limit_spinning();
  EXPECT_STREQ(std::getenv("GOMP_SPINCOUNT"), "1000");
}

TEST_F(LimitSpinning, LeavesWhatTheEnvironmentSays) {
  ::setenv("GOMP_SPINCOUNT", "7", 1);
  limit_spinning();
  EXPECT_STREQ(std::getenv("GOMP_SPINCOUNT"), "7");
}

TEST_F(LimitSpinning, LeavesTheChoiceOfAWaitPolicy) {
  ::setenv("OMP_WAIT_POLICY", "active", 1);
  limit_spinning();
  EXPECT_EQ(std::getenv("GOMP_SPINCOUNT"), nullptr);
}

}  // namespace
}  // namespace weft
