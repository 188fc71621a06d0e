// Finding models and input files by the names that stand in workflows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "assets/input_files.h"
#include "assets/model_files.h"
#include "base/error.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class AssetFiles : public testing::Test {
 protected:
  AssetFiles() {
    std::string name = (fs::temp_directory_path() / "weft-assets-XXXXXX").string();
    folder_ = fs::canonical(mkdtemp(name.data()));
  }
  ~AssetFiles() override { fs::remove_all(folder_); }

  fs::path file(const std::string& name) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << "x";
    return folder_ / name;
  }
  std::optional<fs::path> find(std::string_view kind, std::string_view name) const {
    return find_asset(std::vector{folder_}, kind, name);
  }

  fs::path folder_;
};

TEST_F(AssetFiles, FindsAFileInAFolderBelow) {
  const fs::path model = file("checkpoints/sd15/v1-5.safetensors");
  EXPECT_EQ(find("checkpoints", "sd15/v1-5.safetensors"), model);
  EXPECT_EQ(find("vae", "sd15/v1-5.safetensors"), std::nullopt);
}

TEST_F(AssetFiles, ReadsBackslashesOfFilesMadeOnWindows) {
  const fs::path model = file("loras/style/ink.safetensors");
  EXPECT_EQ(find("loras", "style\\ink.safetensors"), model);
}

TEST_F(AssetFiles, FindsTheNamesThatComfyUiHadBeforeAndHasNow) {
  const fs::path clip = file("text_encoders/l.safetensors"), unet = file("unet/u.safetensors");
  EXPECT_EQ(find("clip", "l.safetensors"), clip);
  EXPECT_EQ(find("diffusion_models", "u.safetensors"), unet);
}

TEST_F(AssetFiles, TakesADiffusersFolderAsOneModelAndNoOtherFolder) {
  file("checkpoints/paper/model_index.json");
  file("checkpoints/paper/unet/weights.safetensors");
  EXPECT_EQ(find("checkpoints", "paper"), folder_ / "checkpoints/paper");
  EXPECT_EQ(find("checkpoints", "paper/unet"), std::nullopt);
  const std::vector<Asset> assets = list_assets(std::vector{folder_}, "checkpoints");
  ASSERT_EQ(assets.size(), 1u);
  EXPECT_TRUE(assets[0].is_folder);
  EXPECT_EQ(assets[0].bytes, 2u);  // of both files
}

TEST_F(AssetFiles, ANameThatLeadsOutOfItsFolderFindsNothing) {
  file("secret.safetensors");
  file("checkpoints/a.safetensors");
  const std::vector<std::string> names = {"../secret.safetensors", "sub/../../secret.safetensors",
      "..\\secret.safetensors", "", ".", (folder_ / "secret.safetensors").string()};
  for (const std::string& name : names) EXPECT_EQ(find("checkpoints", name), std::nullopt) << name;
}

TEST_F(AssetFiles, TheFirstRootWinsAndTheOtherIsListedAsShadowed) {
  const fs::path second = file("b/vae/x.safetensors"), first = file("a/vae/x.safetensors");
  const std::vector<fs::path> roots = {folder_ / "a", folder_ / "b"};
  EXPECT_EQ(find_asset(roots, "vae", "x.safetensors"), first);
  const std::vector<Asset> assets = list_assets(roots, "vae");
  ASSERT_EQ(assets.size(), 2u);
  EXPECT_FALSE(assets[0].shadowed);
  EXPECT_TRUE(assets[1].shadowed);
  EXPECT_EQ(assets[1].path, second);
}

TEST_F(AssetFiles, ATinyVaeIsTwoFilesOfAnotherFolderUnderOneName) {
  const fs::path decoder = file("vae_approx/taesdxl_decoder.safetensors");
  EXPECT_EQ(find("vae", "taesdxl"), std::nullopt) << "its encoder is missing";
  file("vae_approx/taesdxl_encoder.safetensors");
  EXPECT_EQ(find("vae", "taesdxl"), decoder);
  EXPECT_EQ(find("vae", "taesd"), std::nullopt);
  EXPECT_EQ(find("vae_approx", "taesdxl"), std::nullopt);
  const std::vector<Asset> assets = list_assets(std::vector{folder_}, "vae");
  ASSERT_EQ(assets.size(), 1u);
  EXPECT_EQ(assets[0].name, "taesdxl");
}

TEST_F(AssetFiles, AMissingModelNamesTheNearestOne) {
  file("checkpoints/v1-5.safetensors");
  try {
    require_asset(std::vector{folder_}, "checkpoints", "v1-6.safetensors");
    FAIL() << "nothing was thrown";
  } catch (const NodeError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("did you mean 'v1-5.safetensors'?"));
    EXPECT_THAT(error.what(), testing::HasSubstr((folder_ / "checkpoints").string()));
  }
}

TEST_F(AssetFiles, InputFilesAreLookedUpBesideTheWorkflowThenInTheInputFolder) {
  RunEnvironment environment;
  environment.workflow_folder = folder_ / "workflow";
  environment.input_folders = {folder_ / "input"};
  const fs::path second = file("input/a.png"), only = file("input/b.png"), first = file("workflow/a.png");
  EXPECT_EQ(find_input_file(environment, "a.png"), first);
  EXPECT_EQ(find_input_file(environment, "b.png"), only);
  EXPECT_EQ(find_input_file(environment, second.string()), second);
  EXPECT_EQ(find_input_file(environment, "c.png"), std::nullopt);
}

TEST_F(AssetFiles, AComfyUiInstallationStandsForItsModels) {
  file("comfy/models/checkpoints/a.safetensors");
  file("project/models/vae/b.safetensors");
  const std::vector<fs::path> first = {folder_ / "comfy", folder_ / "nowhere"};
  const std::vector<fs::path> roots = model_roots(first, folder_ / "project/workflows");
  ASSERT_GE(roots.size(), 2u);
  EXPECT_THAT((std::vector{roots[0], roots[1]}), ElementsAre(folder_ / "comfy/models", folder_ / "project/models"));
}

}  // namespace
}  // namespace weft
