// Too little memory, and plans that need more than there is: sentences, never a crash without a word.
#include <gmock/gmock.h>

#include <fmt/format.h>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class Limits : public WeftProgram {
 protected:
  Surrounding standard_ = {.variables = {{"WEFT_PLUGIN_PATH", ""}}};
  const std::string text_to_image_ = WEFT_SOURCE_DIR "/workflows/text-to-image.json";

  /// With so much address space.
  Outcome within(int mebibytes, const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {
        "/bin/sh", "-c", fmt::format("ulimit -v {}; exec \"$0\" \"$@\"", mebibytes * 1024), WEFT_PROGRAM};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return command(all, standard_);
  }
};

TEST_F(Limits, OfAddressSpaceThatLibtorchCrashesInAreRefusedBeforeItIsOpened) {
  for (const int mebibytes : {100, 300, 400, 488, 530, 590, 830, 1070}) {
    const Outcome run = within(mebibytes, {"run", text_to_image_, "--set", "sampler.steps=1", "--progress", "none"});
    EXPECT_EQ(run.exit, 1) << mebibytes;
    EXPECT_THAT(run.err, HasSubstr("libtorch needs at least 1.5 GiB of address space, the limit (ulimit -v) is "));
  }
}

TEST_F(Limits, OfAddressSpaceEndARunOrLetItPassButNeverCrashIt) {
  for (const int mebibytes : {1536, 1700, 2000, 3000}) {
    const Outcome run = within(mebibytes,
        {"run", text_to_image_, "--set", "sampler.steps=1", "--set", "size.width=1024", "--threads", "2", "--progress",
            "none"});
    EXPECT_THAT(run.exit, AnyOf(0, 1)) << mebibytes << ": " << run.err;
    EXPECT_TRUE(run.exit == 0 || run.err.find("weft: ") != run.err.npos) << "no word of why";
  }
}

TEST_F(Limits, APlanThatNeedsMoreThanThereIsIsWarnedOf) {
  const std::string nodes = R"({
    "latent": {"type": "latent.empty", "inputs": {"width": 16384, "height": 16384, "batch": 100}},
    "again": {"type": "latent.repeat", "inputs": {"latent": {"link": "latent.latent"}, "times": 1000}}})";
  const std::string file = workflow(nodes, R"({"outputs": {"latent": "again.latent"}})");
  const Outcome check = weft({"check", file}, standard_);
  EXPECT_EQ(check.exit, 0) << "it may run on another machine";
  EXPECT_THAT(check.out, StartsWith("warning: node \"again\": latent.repeat will need about "));
  EXPECT_THAT(check.out, HasSubstr("for 16384 x 16384, batch 100000"));
  EXPECT_THAT(check.out, HasSubstr("choose a smaller size"));
  const auto report = nlohmann::json::parse(weft({"check", "--json", file}, standard_).out);
  EXPECT_EQ(report.at("ok"), true);
  EXPECT_EQ(report.at("warnings").at(0).at("node"), "again");
}

}  // namespace
}  // namespace weft::test
