// RoomTable: rooms.txt as values, and a tree of sources compared with it. Whatever is wrong comes back as one sentence,
// so the tests print all of it at once.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace weft::test {

/// Paths of the sources below `root`, sorted: not those of tests, of what is built, and of hidden folders.
std::vector<std::string> sources_below(const std::filesystem::path& root);

struct Library {
  std::string name;
  std::vector<std::string> headers;  ///< how the paths of its headers begin
};

struct Room {
  std::string name;
  std::vector<std::string> files;  ///< of a room made of single files; else empty
  std::vector<std::string> allows;  ///< rooms and libraries
};

class RoomTable {
 public:
  explicit RoomTable(const std::filesystem::path& file);

  /// Names that are unknown, given twice, or stand below the room that includes them.
  std::vector<std::string> problems() const;

  /// The rooms that `room` includes, and those that they include, and so on.
  std::set<std::string> below(const std::string& room) const;

  /// Sources in no room, includes that the table does not allow, and allowances that no include uses.
  std::vector<std::string> differences_from(const std::filesystem::path& root) const;

 private:
  void read_line(const std::string& line);
  /// Null: in no room.
  const Room* room_of(const std::string& file) const;
  bool is_divided(const std::string& room) const;
  /// The room or library that an #include leads to; empty if the table does not mind it.
  std::string target_of(const std::string& include) const;
  void look_at(const std::filesystem::path& root, const std::string& file, std::set<std::string>& used,
      std::vector<std::string>& wrong) const;

  std::vector<Library> libraries_;
  std::vector<Room> rooms_;
};

}  // namespace weft::test
