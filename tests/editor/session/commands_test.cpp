#include "editor/session/commands.h"

#include <gmock/gmock.h>

#include <set>

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

KeyChord chord(std::string_view text) { return parse_chord(text).value(); }

TEST(KeyChords, AreReadInAnyOrderAndWrittenInOne) {
  EXPECT_EQ(to_text(chord("shift+ctrl+p")), "Ctrl+Shift+P");
  EXPECT_EQ(to_text(chord("Super+Alt+leftarrow")), "Alt+Super+LeftArrow");
  EXPECT_EQ(to_text(chord("f12")), "F12");
  for (const char* text : {"", "Ctrl", "Ctrl+", "Ctrl+A+B", "Hyper+A", "++"}) EXPECT_FALSE(parse_chord(text)) << text;
}

TEST(CommandTable, HasEachIdOnceAndKeysThatAreKeys) {
  std::set<std::string_view> ids;
  for (const CommandInfo& command : command_table()) {
    EXPECT_TRUE(ids.insert(command.id).second) << command.id;
    EXPECT_FALSE(command.title.empty()) << command.id;
    std::istringstream words{std::string(command.keys)};
    for (std::string word; words >> word;) EXPECT_TRUE(parse_chord(word)) << command.id << ": " << word;
  }
}

TEST(CommandTable, HasNoConflictsOfItsOwn) {
  for (const KeyConflict& conflict : Commands().conflicts())
    ADD_FAILURE() << to_text(conflict.keys) << ": " << conflict.first << " and " << conflict.second;
}

TEST(Commands, RunWhatIsBoundAndEnabled) {
  Commands commands;
  int runs = 0;
  bool enabled = false;
  EXPECT_FALSE(commands.run("edit.undo")) << "nothing is bound";
  commands.bind("edit.undo", [&] { ++runs; }, [&] { return enabled; });
  EXPECT_FALSE(commands.run("edit.undo"));
  enabled = true;
  EXPECT_TRUE(commands.run("edit.undo"));
  EXPECT_EQ(runs, 1);
  EXPECT_THROW(commands.bind("edit.unknown", [] {}), std::invalid_argument);
}

TEST(Commands, AreFoundByTheirKeys) {
  const Commands commands;
  EXPECT_EQ(commands.command_for(chord("Ctrl+Z"), false)->id, "edit.undo");
  EXPECT_EQ(commands.command_for(chord("Ctrl+Y"), false)->id, "edit.redo");
  EXPECT_EQ(commands.command_for(chord("F"), true), nullptr) << "somebody types an F";
  EXPECT_EQ(commands.command_for(chord("Ctrl+S"), true)->id, "file.save");
  EXPECT_EQ(commands.keys_text("edit.redo"), "Ctrl+Shift+Z");
}

TEST(Commands, TakeOtherKeysAndReportConflicts) {
  Commands commands;
  commands.set_keys("edit.undo", {chord("Ctrl+S")});
  ASSERT_EQ(commands.conflicts().size(), 1u);
  EXPECT_EQ(commands.conflicts()[0].first, "file.save");
  EXPECT_EQ(commands.conflicts()[0].second, "edit.undo");
  EXPECT_TRUE(commands.changed("edit.undo"));
  commands.reset_keys("edit.undo");
  EXPECT_THAT(commands.conflicts(), IsEmpty());
}

TEST(Commands, KeepWhatTheUserChanged) {
  Commands commands;
  commands.set_keys("edit.undo", {chord("F9"), chord("Ctrl+U")});
  commands.set_keys("view.fit", {});
  const auto changes = commands.changes();
  EXPECT_THAT(changes.at("edit.undo"), ElementsAre("F9", "Ctrl+U"));
  Commands again;
  again.take(changes);
  again.take({{"of.a.newer.version", {"F3"}}, {"edit.redo", {"No+Key", "F4"}}});
  EXPECT_EQ(again.keys_text("edit.undo"), "F9");
  EXPECT_THAT(again.keys("view.fit"), IsEmpty());
  EXPECT_EQ(again.keys_text("edit.redo"), "F4");
}

}  // namespace
}  // namespace weft::editor
