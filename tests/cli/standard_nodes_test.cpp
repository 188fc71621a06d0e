// The program with the standard nodes, as it is installed.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class StandardNodes : public WeftProgram {
 protected:
  Surrounding standard_ = {.variables = {{"WEFT_PLUGIN_PATH", ""}}};
  /// A picture of a disk, saved: more than 512 bytes.
  std::string picture_ = workflow(R"({
    "mask": {"type": "mask.ellipse", "inputs": {"width": 512, "height": 512}},
    "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
    "save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}, "prefix": "disk"}}})",
      R"({"outputs": {"picture": "save.path"}})");
};

TEST_F(StandardNodes, SaveAPictureAndSayWhere) {
  const Outcome run = weft({"run", picture_, "--out", "pictures"}, standard_);
  EXPECT_EQ(run.exit, 0) << run.err;
  ASSERT_THAT(files_in("pictures"), testing::SizeIs(1));
  EXPECT_EQ(run.out, "picture: pictures/" + files_in("pictures")[0] + "\n");
}

TEST_F(StandardNodes, AFullDiskIsNamedAndLeavesNoHalfWrittenPicture) {
  // The limit stands for a full disk: a write beyond it fails, as one to a full disk does.
  const std::string limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
  const Outcome run =
      command({"/bin/sh", "-c", limited, WEFT_PROGRAM, "run", picture_, "--progress", "none"}, standard_);
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err, HasSubstr("node \"save\""));
  EXPECT_THAT(files_in("out"), IsEmpty());
}

TEST_F(StandardNodes, ArePrintedInTheCommittedReference) {
  std::ifstream committed(WEFT_SOURCE_DIR "/docs/nodes.md");
  const std::string page(std::istreambuf_iterator<char>(committed), {});
  EXPECT_EQ(weft({"nodes", "--markdown"}, standard_).out, page) << "run: weft nodes --markdown > docs/nodes.md";
}

TEST_F(StandardNodes, TheFirstWorkflowOfTheReadmeChecksAndPlans) {
  const std::string file = WEFT_SOURCE_DIR "/workflows/text-to-image.json";
  EXPECT_EQ(weft({"check", file}, standard_).out, file + ": no problems\n");
  EXPECT_THAT(weft({"run", file, "--dry-run"}, standard_).out, HasSubstr("sampler     sample.ksampler  device\n"));
}

}  // namespace
}  // namespace weft::test
