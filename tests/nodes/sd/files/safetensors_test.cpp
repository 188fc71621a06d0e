#include "nodes/sd/files/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "nodes/sd/files/model_error.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

std::string with_length(const std::string& header, const std::string& data, std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

std::string file_bytes(const std::string& header, const std::string& data) {
  return with_length(header, data, header.size());
}

std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What opening these bytes says; "ok" when it opens, after reading every tensor to its last byte.
std::string verdict(const std::string& bytes) {
  const TemporaryFolder folder;
  std::ofstream(folder / "f.safetensors", std::ios::binary) << bytes;
  try {
    const auto file = SafetensorsFile::open(folder / "f.safetensors");
    for (const auto& [name, entry] : file.entries()) {
      const at::Tensor tensor = file.tensor(name);
      if (tensor.numel() > 0) static_cast<void>(tensor.view(-1).view(at::kByte).sum().item<std::int64_t>());
    }
    return "ok";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("f.safetensors"));
    return error.what();
  }
}

std::string verdict_of_header(const std::string& header, std::size_t data_size = 8) {
  return verdict(file_bytes(header, std::string(data_size, 'x')));
}

TEST(Safetensors, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  const std::map<std::string, at::Tensor> tensors{{"float", at::randn({3, 5})}, {"half", at::randn({7}).to(at::kHalf)},
      {"bf16", at::randn({2, 2}).to(at::kBFloat16)}, {"double", at::randn({3}, at::kDouble)}, {"long", at::arange(4)},
      {"byte", at::arange(3).to(at::kByte)}, {"bool", at::ones({5}, at::kBool)}, {"scalar", at::scalar_tensor(3.5)},
      {"empty", at::empty({0, 4})}, {"transposed", at::randn({4, 6}).t()}};
  write_safetensors(folder / "a.safetensors", tensors, {{"who", "weft"}});
  const auto file = SafetensorsFile::open(folder / "a.safetensors");
  EXPECT_EQ(file.entries().size(), tensors.size());
  EXPECT_EQ(file.metadata().at("who"), "weft");
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(file.tensor(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(file.tensor(name).equal(tensor)) << name;
  }
}

TEST(Safetensors, WritesTheSameBytesForTheSameTensors) {
  const TemporaryFolder folder;
  const std::map<std::string, at::Tensor> tensors{{"b", at::ones({3})}, {"a", at::ones({2}, at::kHalf)}};
  write_safetensors(folder / "a", tensors);
  write_safetensors(folder / "b", tensors);
  EXPECT_EQ(read_bytes(folder / "a"), read_bytes(folder / "b"));
}

TEST(Safetensors, KeepsTheMappingAsLongAsATensorLives) {
  const TemporaryFolder folder;
  write_safetensors(folder / "a", {{"x", at::full({1000}, 2.0)}});
  at::Tensor x = SafetensorsFile::open(folder / "a").tensor("x");
  fs::remove(folder / "a");
  EXPECT_EQ(x.sum().item<double>(), 2000);
}

TEST(Safetensors, NeverWritesToTheFileThroughATensor) {
  const TemporaryFolder folder;
  write_safetensors(folder / "a", {{"x", at::ones({4})}});
  SafetensorsFile::open(folder / "a").tensor("x").fill_(9);
  EXPECT_EQ(SafetensorsFile::open(folder / "a").tensor("x").sum().item<double>(), 4);
}

TEST(Safetensors, ReadsTensorsThatAreNotAligned) {
  const std::string header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} )";
  ASSERT_NE((8 + header.size()) % 4, 0u);
  EXPECT_EQ(verdict_of_header(header), "ok");
}

// The first 8 bytes are the header's length: 640 is 80 02, with which pickles of protocol 2 begin.
TEST(Safetensors, KnowsAHeaderOf640BytesFromAPickle) {
  std::string header = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  for (const std::size_t length : {640u, 640u + 65536u}) {
    header.resize(length, ' ');
    EXPECT_EQ(verdict_of_header(header), "ok") << length;
  }
  EXPECT_THAT(verdict("\x80\x02}q" + std::string(1000, 'x')), HasSubstr("pickle"));
  EXPECT_THAT(verdict("\x80\x04\x95" + std::string(1000, 'x')), HasSubstr("pickle"));
}

TEST(Safetensors, TakesWhatTheReferenceReaderTakes) {
  const std::string x = R"("x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_EQ(verdict_of_header("{" + x + R"(,"__metadata__":null})"), "ok");
  EXPECT_EQ(verdict_of_header("  {" + x + "}"), "ok");
  EXPECT_EQ(verdict_of_header("{" + x + "}\n\t "), "ok");
  EXPECT_EQ(
      verdict_of_header(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":{"of":["this"]}}})"), "ok");
  EXPECT_EQ(verdict_of_header("{}", 0), "ok");
  EXPECT_EQ(verdict_of_header("{" + x + R"(,"__metadata__":{"a":"1","a":"2"}})"), "ok");
  EXPECT_NE(verdict_of_header("{" + x + "}" + std::string(8, '\0')), "ok");
}

TEST(Safetensors, OfAMetadataKeyThatComesTwiceHasTheLastValue) {
  const TemporaryFolder folder;
  std::ofstream(folder / "f.safetensors", std::ios::binary)
      << file_bytes(R"({"__metadata__":{"a":"1","b":"x","a":"2"}})", "");
  EXPECT_EQ(SafetensorsFile::open(folder / "f.safetensors").metadata().at("a"), "2");
}

// As safetensors 0.8.0 writes torch's types; the shape of F4 counts values, of which two are in a byte.
TEST(Safetensors, OpensFilesWithTensorsOfAnyType) {
  const TemporaryFolder folder;
  const std::string header = R"({"c":{"dtype":"C64","shape":[1],"data_offsets":[0,8]},
      "e":{"dtype":"F8_E8M0","shape":[2],"data_offsets":[8,10]}, "f":{"dtype":"F4","shape":[2,2],"data_offsets":[10,12]},
      "n":{"dtype":"F8_E4M3FNUZ","shape":[1],"data_offsets":[12,13]}, "u":{"dtype":"F8_E5M2FNUZ","shape":[1],"data_offsets":[13,14]},
      "z":{"dtype":"F99","shape":[5],"data_offsets":[14,16]}})";
  const std::string data{
      '\0', '\0', '\0', '\0', '\0', '\0', '\0', '\0', '\x80', '\x7f', 'a', 'b', '\x48', '\x44', 'c', 'd'};
  std::ofstream(folder / "f", std::ios::binary) << file_bytes(header, data);
  const auto file = SafetensorsFile::open(folder / "f");
  EXPECT_EQ(file.entries().at("z").type, "F99");
  const auto value = [&](const char* name) { return file.tensor(name).to(at::kFloat)[0].item<double>(); };
  EXPECT_EQ(value("e"), 2);
  EXPECT_EQ(value("n"), 2);
  EXPECT_EQ(value("u"), 2);
  EXPECT_EQ(file.tensor("c").scalar_type(), at::kComplexFloat);
  for (const char* name : {"f", "z"}) EXPECT_THROW(file.tensor(name), ModelError);
}

TEST(Safetensors, LeavesNothingBehindWhenItCannotWrite) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "a");  // a folder cannot be replaced by a file
  std::ofstream(folder / "a/inside") << "x";
  EXPECT_THROW(write_safetensors(folder / "a", {{"x", at::ones({4})}}), ModelError);
  EXPECT_THROW(write_safetensors("/nonexistent/folder/a", {{"x", at::ones({4})}}), ModelError);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / ""), {}), 1);
}

TEST(Safetensors, SaysThatTheDiskIsFullAndKeepsTheOldFile) {
  const TemporaryFolder folder;
  write_safetensors(folder / "a", {{"x", at::ones({4})}});
  const auto previous_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual{};
  getrlimit(RLIMIT_FSIZE, &usual);
  const rlimit small{.rlim_cur = 4096, .rlim_max = usual.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string said = "nothing";
  try {
    write_safetensors(folder / "a", {{"x", at::ones({100000})}});
  } catch (const ModelError& error) {
    said = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, previous_handler);
  EXPECT_THAT(said, HasSubstr("cannot be written (File too large)"));
  EXPECT_EQ(SafetensorsFile::open(folder / "a").tensor("x").numel(), 4);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / ""), {}), 1);
}

TEST(Safetensors, ExplainsEachLie) {
  const auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"x":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  const std::string f32 = "\"F32\"";
  EXPECT_EQ(verdict_of_header(entry(f32, "[2]", "[0,8]")), "ok");
  EXPECT_THAT(verdict(""), HasSubstr("is empty"));
  EXPECT_THAT(verdict("abc"), HasSubstr("is truncated"));
  EXPECT_THAT(verdict(with_length("{}", "", 1000)), HasSubstr("is truncated"));
  EXPECT_THAT(verdict(with_length("{}", "", 1ull << 40)), HasSubstr("claims a header of"));
  EXPECT_THAT(verdict(with_length("{}", "", ~0ull)), HasSubstr("claims a header of"));
  EXPECT_THAT(verdict_of_header("not json"), HasSubstr("not valid JSON"));
  EXPECT_THAT(verdict_of_header("[1,2]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(verdict_of_header(std::string(100000, '[')), HasSubstr("nested too deeply"));
  EXPECT_THAT(verdict_of_header(R"({"x":)" + std::string(100000, '[')), HasSubstr("nested too deeply"));
  EXPECT_THAT(verdict_of_header("{\"\xff\xfe\":1}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(verdict_of_header(R"({"x":1})"), HasSubstr("not described by an object"));
  EXPECT_THAT(verdict_of_header(R"({"x":{}})"), HasSubstr("no dtype"));
  EXPECT_THAT(verdict_of_header(entry("\"F4\"", "[16]", "[0,8]")),
      HasSubstr("tensor \"x\" has dtype F4, which is not supported"));
  EXPECT_THAT(verdict_of_header(entry("\"F4\"", "[2]", "[0,8]")), HasSubstr("needs 1 bytes"));
  EXPECT_THAT(verdict_of_header(entry("\"F4\"", "[15]", "[0,8]")), HasSubstr("end of a byte"));
  EXPECT_THAT(verdict_of_header(entry("\"F99\"", "[9223372036854775807,9]", "[0,8]")), HasSubstr("overflows"));
  EXPECT_THAT(verdict_of_header(entry("7", "[2]", "[0,8]")), HasSubstr("no dtype"));
  EXPECT_THAT(verdict_of_header(entry(f32, "2", "[0,8]")), HasSubstr("no shape"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[-2]", "[0,8]")), HasSubstr("-2, which is not a size"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[2.0]", "[0,8]")), HasSubstr("which is not a size"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[18446744073709551615]", "[0,8]")), HasSubstr("which is not a size"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[9223372036854775807,9]", "[0,8]")), HasSubstr("overflows"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[1e999]", "[0,8]")), HasSubstr("not valid JSON"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[3]", "[0,8]")), HasSubstr("needs 12 bytes for its shape, and is given 8"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[2]", "[8,0]")), HasSubstr("not [begin, end]"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[2]", "[0]")), HasSubstr("not [begin, end]"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[4]", "[0,16]")), HasSubstr("ends at byte 16 of 8"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[1]", "[4,8]")), HasSubstr("hole"));
  EXPECT_THAT(verdict_of_header(entry(f32, "[1]", "[0,4]")), HasSubstr("4 bytes that belong to no tensor"));
  EXPECT_THAT(verdict_of_header(R"({"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},
                                    "y":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"),
      HasSubstr("overlaps"));
  EXPECT_THAT(verdict_of_header(R"({"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},
                                    "x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}})"),
      HasSubstr("names \"x\" twice"));
  EXPECT_THAT(verdict_of_header(R"({"__metadata__":{"a":"1"},"__metadata__":{"a":"1"}})", 0),
      HasSubstr("names \"__metadata__\" twice"));
  EXPECT_THAT(verdict_of_header(R"({"__metadata__":{"a":1}})", 0), HasSubstr("is not a string"));
  EXPECT_THAT(verdict_of_header(R"({"__metadata__":"a"})", 0), HasSubstr("is not an object of strings"));
}

// Each case damages a good file in one way; whatever comes out, it is a ModelError or a file whose tensors
// are readable to the last byte, never a crash.
TEST(Safetensors, SurvivesThousandsOfDamagedFiles) {
  const TemporaryFolder folder;
  write_safetensors(folder / "good",
      {{"a.weight", at::ones({3, 4})}, {"b", at::ones({5}, at::kHalf)}, {"c", at::arange(3)}}, {{"format", "pt"}});
  const std::string good = read_bytes(folder / "good");
  ASSERT_EQ(verdict(good), "ok");
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, good.data(), 8);
  const std::size_t header_end = 8 + header_size;

  int refused = 0;
  for (std::size_t size = 0; size < good.size(); ++size) {  // cut at every byte
    EXPECT_NE(verdict(good.substr(0, size)), "ok") << "cut at " << size;
    ++refused;
  }
  std::mt19937 random(1);
  for (int i = 0; i < 1500; ++i) {  // header bytes changed, doubled, dropped
    std::string bytes = good;
    const std::size_t at = random() % header_end;
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = "0123456789[]{}\",:-"[random() % 18];
        break;
      case 2:
        bytes.insert(at, 1, bytes[at]);
        break;
      default:
        bytes.erase(at, 1 + random() % 3);
    }
    refused += verdict(bytes) != "ok";
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace weft::sd
