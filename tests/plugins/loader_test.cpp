// How plugins are taken in, and how each bad one is refused in one sentence while the others still load.
#include "plugins/loader.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "plugins/abi.h"
#include "tests/plugins/plugin_folder.h"

namespace weft {
namespace {

using test::is_mapped;
using test::only_problem;
using test::PluginFolder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string error_of_node(const Registry& registry, const std::string& id) {
  try {
    registry.node(id);
  } catch (const PluginError& error) {
    return error.what();
  }
  return "no PluginError";
}

TEST(PluginHost, KnowsTheNodesOfAPluginWithoutOpeningItsLibrary) {
  const PluginFolder folder;
  const auto library = folder.add_plugin("good");
  Registry registry;
  const PluginHost host(registry, {folder.path()});

  ASSERT_EQ(host.plugins().size(), 1u);
  EXPECT_THAT(host.plugins()[0].problem, IsEmpty());
  EXPECT_EQ(host.plugins()[0].id, "test.good");
  EXPECT_EQ(host.plugins()[0].version, "1.2.3");
  EXPECT_THAT(host.plugins()[0].nodes, ElementsAre("test.add", "test.shout"));
  const NodeInfo* add = registry.find("test.add");
  ASSERT_NE(add, nullptr);
  EXPECT_EQ(add->plugin, "test.good");
  EXPECT_EQ(add->options.doc, "Adds.");
  EXPECT_EQ(add->find_input("b")->init, 2);
  EXPECT_FALSE(is_mapped(library.string()));
  EXPECT_FALSE(is_mapped("libtorch"));
}

TEST(PluginHost, OpensTheLibraryAtTheFirstUseOfANode) {
  const PluginFolder folder;
  const auto library = folder.add_plugin("good");
  Registry registry;
  const PluginHost host(registry, {folder.path()});

  EXPECT_EQ(registry.node("test.add").outputs()[0].name, "sum");
  EXPECT_TRUE(is_mapped(library.string()));
}

TEST(PluginHost, OpensTheLibraryOnceWhenManyThreadsNeedItsNodes) {
  const PluginFolder folder;
  folder.add_plugin("good");
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  std::vector<const Node*> nodes(8);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      threads.emplace_back([&, i] { nodes[i] = &registry.node(i % 2 ? "test.add" : "test.shout"); });
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) EXPECT_EQ(nodes[i], nodes[i % 2]);
}

TEST(PluginHost, GivesAValueTypeItsCallbacksWhenTheLibraryIsOpened) {
  const PluginFolder folder;
  folder.add_plugin("good");
  Registry registry;
  const PluginHost host(registry, {folder.path()});

  ASSERT_NE(registry.find_type("test.word"), nullptr);
  EXPECT_EQ(registry.find_type("test.word")->title, "Word");
  EXPECT_FALSE(registry.find_type("test.word")->describe);
  registry.node("test.shout");
  const ValueType* word = registry.find_type("test.word");
  ASSERT_TRUE(word->describe && word->example);
  EXPECT_EQ(word->describe(word->example()), "hello");
}

TEST(PluginHost, TakesTheOthersInWhenOneIsBad) {
  const PluginFolder folder;
  folder.add_plugin("good");
  folder.write_file("libbroken.weft.json", "{\"weft_plugin\": 1, \"id\": \"test.br");
  Registry registry;
  const PluginHost host(registry, {folder.path()});

  EXPECT_EQ(host.plugins().size(), 2u);
  EXPECT_NE(registry.find("test.add"), nullptr);
  EXPECT_THAT(only_problem(host),
      AllOf(HasSubstr("libbroken.weft.json"), HasSubstr("is damaged"), HasSubstr("build the plugin again")));
}

TEST(PluginHost, RefusesAnotherAbiBeforeAnyCodeOfThePluginRuns) {
  const PluginFolder folder;
  const auto trace = folder.path() / "trace";
  folder.add_forged("leaves_a_trace", [](Manifest& manifest) {
    manifest.id = "test.leaves_a_trace";
    manifest.abi = kPluginAbi + 1;
    manifest.nodes = "what another ABI writes need not be understood";
  });
  setenv("WEFT_TEST_TRACE", trace.c_str(), 1);
  Registry registry;
  const PluginHost host(registry, {folder.path()});

  EXPECT_THAT(only_problem(host),
      AllOf(HasSubstr("\"test.leaves_a_trace\" was built for plugin ABI 2, this Weft has 1"),
          HasSubstr("build the plugin again")));
  EXPECT_FALSE(std::filesystem::exists(trace)) << "code of a refused plugin ran";
  unsetenv("WEFT_TEST_TRACE");
}

TEST(PluginHost, RunsNoCodeOfAPluginUntilANodeOfItIsNeeded) {
  const PluginFolder folder;
  folder.add_plugin("leaves_a_trace");
  const auto trace = folder.path() / "trace";
  setenv("WEFT_TEST_TRACE", trace.c_str(), 1);
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  EXPECT_FALSE(std::filesystem::exists(trace));
  registry.node("test.traced");
  EXPECT_TRUE(std::filesystem::exists(trace));
  unsetenv("WEFT_TEST_TRACE");
}

TEST(PluginHost, RefusesAnotherCompilerOrLibtorch) {
  const PluginFolder folder;
  folder.add_forged("good", [](Manifest& manifest) { manifest.stamp = "gcc-4 torch-0.4.0"; });
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  EXPECT_THAT(only_problem(host),
      AllOf(HasSubstr("was built with gcc-4 torch-0.4.0, this Weft with " + host_stamp()),
          HasSubstr("the same compiler and libtorch")));
}

/// The hash that the build makes of the headers below `root`.
std::string headers_hash(const std::filesystem::path& root) {
  const PluginFolder folder;
  const std::filesystem::path written = folder.path() / "weft_headers.h";
  const test::Ended ended = test::run_program(WEFT_CMAKE_PROGRAM " -DROOT=" + root.string() +
      " -DOUTPUT=" + written.string() + " -P " WEFT_SOURCE_DIR "/cmake/WeftHeaders.cmake");
  EXPECT_EQ(ended.code, 0) << ended.output;
  std::ifstream stream(written);
  std::string hash;
  for (std::string word; stream >> word;) hash = word;
  return hash.substr(1, hash.size() - 2);  // without its quotes
}

TEST(PluginHost, RefusesAPluginThatWasBuiltAgainstOtherHeaders) {
  namespace fs = std::filesystem;
  const PluginFolder copy;
  for (const char* folder : {"base", "painting", "graph", "assets", "plugins", "devices", "nodes"})
    fs::copy(fs::path(WEFT_SOURCE_DIR) / folder, copy.path() / folder, fs::copy_options::recursive);
  EXPECT_THAT(host_stamp(), testing::EndsWith(" headers-" + headers_hash(copy.path())));
  std::ofstream(copy.path() / "graph/executor.h", std::ios::app) << "// no plugin sees this\n";
  EXPECT_THAT(host_stamp(), testing::EndsWith(" headers-" + headers_hash(copy.path())));

  for (const char* header : {"graph/value.h", "plugins/values.h", "nodes/sd/values/values.h"}) {
    std::ofstream(copy.path() / header, std::ios::app) << "// changed\n";
    static std::string stamp;
    stamp = host_stamp().substr(0, host_stamp().rfind('-') + 1) + headers_hash(copy.path());
    const PluginFolder folder;
    folder.add_forged("good", [](Manifest& manifest) { manifest.stamp = stamp; });
    Registry registry;
    const PluginHost host(registry, {folder.path()});
    EXPECT_THAT(only_problem(host),
        AllOf(HasSubstr("\"test.good\" was built against other headers of Weft"),
            HasSubstr("build the plugin again with this Weft")))
        << header;
  }
}

TEST(PluginHost, RefusesALibraryThatIsNotTheOneOfItsManifest) {
  const PluginFolder folder;
  folder.add_forged("changed", [](Manifest& manifest) { manifest.build_id = "00ff"; });
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  EXPECT_THAT(only_problem(host),
      AllOf(HasSubstr("libchanged.so is not the one that its manifest was written from"),
          HasSubstr("run weft-manifest")));
}

TEST(PluginHost, RefusesAManifestWithoutItsLibrary) {
  const PluginFolder folder;
  std::filesystem::remove(folder.add_plugin("good"));
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  EXPECT_THAT(
      only_problem(host), AllOf(HasSubstr("of plugin \"test.good\" is missing"), HasSubstr("build the plugin again")));
}

TEST(PluginHost, RefusesALibraryWithoutAManifest) {
  const PluginFolder folder;
  folder.add_library("good");
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  EXPECT_THAT(
      only_problem(host), AllOf(HasSubstr("libgood.so has no manifest beside it"), HasSubstr("weft_add_plugin()")));
}

TEST(PluginHost, SaysThatALibraryDoesNotDefineWeftPlugin) {
  const PluginFolder folder;
  folder.add_library("no_symbol");
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  EXPECT_THAT(only_problem(host), HasSubstr("libno_symbol.so does not define WEFT_PLUGIN"));
}

TEST(PluginHost, KeepsTheFirstOfTwoPluginsThatBringTheSameNode) {
  const PluginFolder folder;
  folder.add_plugin("good");
  folder.add_plugin("twin");
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  EXPECT_THAT(only_problem(host),
      AllOf(HasSubstr("plugin \"test.twin\" brings node \"test.add\", which plugin \"test.good\" has brought"),
          HasSubstr("remove one")));
  EXPECT_EQ(registry.find("test.add")->plugin, "test.good");
  EXPECT_EQ(registry.find("test.of_twin"), nullptr) << "a plugin is taken in whole or not at all";
}

TEST(PluginHost, KeepsTheFirstOfTwoPluginsOfTheSameId) {
  const PluginFolder mine, standard;
  mine.add_plugin("same_id");
  standard.add_plugin("good");
  Registry registry;
  const PluginHost host(registry, {mine.path(), standard.path()});
  EXPECT_THAT(only_problem(host),
      AllOf(HasSubstr("plugin \"test.good\" in " + standard.path().string()),
          HasSubstr("was found before in " + mine.path().string())));
  EXPECT_NE(registry.find("test.of_same_id"), nullptr);
  EXPECT_EQ(registry.find("test.add"), nullptr);
}

TEST(PluginHost, RefusesAValueTypeThatMeansSomethingElse) {
  const PluginFolder folder;
  folder.add_plugin("good");
  folder.add_plugin("other_word");
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  EXPECT_THAT(only_problem(host),
      AllOf(HasSubstr("\"test.other_word\" brings value type \"test.word\""), HasSubstr("known as \"Word\"")));
}

TEST(PluginHost, SaysThatAFolderIsNotThere) {
  Registry registry;
  const PluginHost host(registry, {"/no/such/folder"});
  EXPECT_THAT(only_problem(host), AllOf(HasSubstr("/no/such/folder cannot be read"), HasSubstr("WEFT_PLUGIN_PATH")));
}

TEST(PluginHost, IgnoresOtherFiles) {
  const PluginFolder folder;
  folder.write_file("README.md", "These are plugins.");
  Registry registry;
  EXPECT_THAT(PluginHost(registry, {folder.path()}).plugins(), IsEmpty());
}

/// What only shows when a library is opened: its manifest was forged, or is older than what happened to the
/// library.
struct LateRefusal {
  const char* plugin;
  const char* says;
};
class LateRefusals : public testing::TestWithParam<LateRefusal> {};

TEST_P(LateRefusals, FailsTheNodeInOneSentence) {
  const PluginFolder folder;
  folder.add_forged(GetParam().plugin);
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  EXPECT_THAT(error_of_node(registry, "test.add"), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(PluginHost, LateRefusals,
    testing::Values(LateRefusal{"throws", "failed while it registered its nodes: the moon is in the wrong house"},
        LateRefusal{"throws_strangely", "it threw something that is no std::exception"},
        LateRefusal{"unresolved", "a_function_that_nobody_defines"},
        LateRefusal{"no_symbol", "does not define WEFT_PLUGIN"},
        LateRefusal{"old_abi", "was built for plugin ABI 1001, this Weft has 1"},
        LateRefusal{"other_stamp", "was built with gcc-4 torch-0.4.0"},
        LateRefusal{"changed", "brings other nodes or types than its manifest says"}),
    [](const auto& info) { return std::string(info.param.plugin); });

TEST(PluginHost, RefusesALibraryThatWasBuiltAnewAfterTheScan) {
  const PluginFolder folder;
  const auto library = folder.add_plugin("good");
  Registry registry;
  const PluginHost host(registry, {folder.path()});
  std::filesystem::remove(library);
  std::filesystem::rename(folder.add_library("changed"), library);
  EXPECT_THAT(error_of_node(registry, "test.add"), HasSubstr("is not the one that its manifest was written from"));
}

}  // namespace
}  // namespace weft
