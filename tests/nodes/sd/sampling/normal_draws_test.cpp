#include "nodes/sd/sampling/normal_draws.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <boost/crc.hpp>
#include <string>

#include "tests/nodes/sampling_parts.h"

namespace weft::sd {
namespace {

std::uint32_t checksum(const at::Tensor& values) {
  boost::crc_32_type crc;
  crc.process_bytes(values.const_data_ptr(), values.nbytes());
  return crc.checksum();
}

/// Bit by bit, in draws of all sizes one after the other, whatever this processor is.
TEST(GoldenNormalDraws, AreTorchsOnAProcessorWithAvx2) {
  for (const auto& row : sampling_parts("normal_draws")) {
    NormalDraws draw(std::stoull(row["seed"].get<std::string>()));
    for (const auto& expected : row["draws"]) {
      const at::Tensor values = draw({expected["count"].get<std::int64_t>()});
      EXPECT_EQ(checksum(values), expected["crc32"].get<std::uint32_t>()) << row["seed"] << ": " << expected["count"];
    }
  }
}

TEST(NormalDraws, HaveMeanZeroAndVarianceOne) {
  const at::Tensor values = NormalDraws(3)({1, 4, 128, 128});
  EXPECT_NEAR(values.mean().item<float>(), 0, 0.02);
  EXPECT_NEAR(values.std().item<float>(), 1, 0.02);
}

TEST(NormalDraws, MayBeEmpty) { EXPECT_EQ(NormalDraws(3)({0, 4, 8, 8}).numel(), 0); }

}  // namespace
}  // namespace weft::sd
