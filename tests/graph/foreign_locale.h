// A locale of which numbers are written "1.234,5", made for a test: a machine need have none installed.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace weft::test {

/// The whole process has it while this lives, as after a plugin's call of setlocale().
class ForeignLocale {
 public:
  ForeignLocale() {
    std::string folder = (std::filesystem::temp_directory_path() / "weft-locale-XXXXXX").string();
    folder_ = mkdtemp(folder.data());
    std::filesystem::create_directory(folder_ / "comma");
    write_numeric(folder_ / "comma" / "LC_NUMERIC");
    setenv("LOCPATH", folder_.c_str(), 1);
    take();
    EXPECT_STREQ(std::localeconv()->decimal_point, ",") << "the locale could not be made";
  }
  ~ForeignLocale() {
    std::setlocale(LC_NUMERIC, "C");
    unsetenv("LOCPATH");
    std::filesystem::remove_all(folder_);
  }
  ForeignLocale(const ForeignLocale&) = delete;
  ForeignLocale& operator=(const ForeignLocale&) = delete;

  static void take() { std::setlocale(LC_NUMERIC, "comma"); }

 private:
  /// As localedef compiles the category: magic number, count of fields, where each begins, the fields.
  static void write_numeric(const std::filesystem::path& file) {
    constexpr std::uint32_t kFields = 6;
    std::string fields;
    std::array<std::uint32_t, kFields + 2> head{0x20031115u ^ LC_NUMERIC, kFields};
    auto add = [&, next = std::size_t{2}](std::string_view field) mutable {
      head[next++] = static_cast<std::uint32_t>(sizeof head + fields.size());
      fields += field;
    };
    using namespace std::string_view_literals;
    add(",\0"sv);
    add(".\0"sv);
    add("\3\3\0\0"sv);  // groups of three; one more, so that what follows is aligned
    add(",\0\0\0"sv);   // the points as wide characters
    add(".\0\0\0"sv);
    add("UTF-8\0"sv);
    std::ofstream stream(file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(head.data()), sizeof head);
    stream << fields;
  }

  std::filesystem::path folder_;
};

}  // namespace weft::test
