// What a paper-cut landscape shows, and how people say it. A Scene is the words' meaning: nothing about
// pixels (renderer.h draws it) and nothing about networks. The training program, the judge and the tests
// share it.
//
// Scenes fall into two fixed sets by a hash of their attributes: those in training, and the held-out tenth
// that is only ever used to measure. No picture and no full caption of a held-out scene occurs in training.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::paper_cut {

enum class Time : std::uint8_t { Day, Sunset, Night, Dawn };
enum class Light : std::uint8_t { None, Left, Right };  ///< the sun, or at night the moon
enum class Ground : std::uint8_t { Hills, Mountains, Sea, Snow, Desert };
enum class Subject : std::uint8_t { None, House, Tree, Boat, Fox, ArcticFox };
enum class Color : std::uint8_t { None, Red, Blue, Yellow, Green, White };
enum class Place : std::uint8_t { None, Left, Middle, Right };

/// The attributes, in the order of Scene::values().
inline constexpr int kAttributes = 6;
inline constexpr std::array<std::string_view, kAttributes> kAttributeNames = {
    "time", "light", "ground", "subject", "color", "place"};
inline constexpr std::array<int, kAttributes> kAttributeSizes = {4, 3, 5, 6, 6, 4};

/// One landscape in words. Foxes have no color of their own, a scene without a subject has neither color nor
/// place, and a boat is always at sea.
struct Scene {
  Time time = Time::Day;
  Light light = Light::None;
  Ground ground = Ground::Hills;
  Subject subject = Subject::None;
  Color color = Color::None;
  Place place = Place::None;

  std::array<int, kAttributes> values() const;
  static Scene from_values(const std::array<int, kAttributes>& values);
  bool operator==(const Scene&) const = default;
};

/// Small random numbers that are the same on every platform (splitmix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  int below(int n) { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }
  float uniform(float low, float high);
  bool chance(float probability) { return uniform(0, 1) < probability; }
  template <class T>
  const T& pick(std::span<const T> from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }

 private:
  std::uint64_t state_;
};

/// True when the attributes fit together (see Scene).
bool consistent(const Scene& scene);

/// True for the tenth of all scenes that never occurs in training.
bool held_out(const Scene& scene);

/// All consistent scenes, in a fixed order.
std::vector<Scene> all_scenes();

/// A random scene from training (never a held-out one).
Scene random_scene(Dice& dice);

/// A caption that states every attribute of the scene (an absent sun or subject is left unsaid), in one of
/// several phrasings.
std::string full_caption(const Scene& scene, Dice& dice);

/// A caption that leaves some attributes out, as people do: "arctic fox at night".
std::string short_caption(const Scene& scene, Dice& dice);

/// Every word that a caption can hold, sorted.
std::vector<std::string> caption_words();

}  // namespace weft::paper_cut
