#include "training/scene.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace weft::paper_cut {
namespace {

using Phrases = std::vector<std::string_view>;

// What people say for each value. The first form stands alone in a list ("night, snow, red house"), the
// others also fit into a sentence.
const std::array<Phrases, 4> kTimes = {Phrases{"day", "by day", "at day", "daytime"},
    {"sunset", "at sunset", "in the evening"}, {"night", "at night", "by night"},
    {"dawn", "at dawn", "in the morning"}};
const std::array<Phrases, 5> kGrounds = {Phrases{"hills", "in the hills", "green hills", "on the hills"},
    {"mountains", "in the mountains", "near the mountains", "under the mountains"},
    {"sea", "by the sea", "at the sea", "on the sea"}, {"snow", "in the snow", "snowy hills", "on the snow"},
    {"desert", "in the desert", "sand dunes", "in the dunes"}};
const std::array<Phrases, 6> kSubjects = {Phrases{""}, {"house", "cottage"}, {"tree", "pine tree"},
    {"boat", "sailing boat"}, {"fox", "orange fox"}, {"arctic fox", "white fox"}};
const std::array<std::string_view, 6> kColors = {"", "red", "blue", "yellow", "green", "white"};
const std::array<Phrases, 4> kPlaces = {
    Phrases{""}, {"on the left", "left"}, {"in the middle", "in the center", "center"}, {"on the right", "right"}};
const Phrases kOpenings = {"", "", "", "paper cut", "a paper cut landscape"};

std::string_view pick(const Phrases& phrases, Dice& dice) { return dice.pick(std::span(phrases)); }

std::string join(const std::vector<std::string>& parts, std::string_view between) {
  std::string all;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (!all.empty()) all += between;
    all += part;
  }
  return all;
}

/// Which attributes a caption states.
struct Said {
  bool time = true, light = true, ground = true, subject = true, color = true, place = true;
};

std::string light_words(const Scene& scene, bool in_a_sentence, Dice& dice) {
  if (scene.light == Light::None) return "";
  const std::string name = scene.time == Time::Night ? "moon" : "sun";
  const std::string side = scene.light == Light::Left ? "left" : "right";
  if (!in_a_sentence) return name + (dice.chance(0.7f) ? " on the " : " ") + side;
  return "with the " + name + " on the " + side;
}

std::string subject_words(const Scene& scene, const Said& said, bool in_a_sentence, Dice& dice) {
  if (scene.subject == Subject::None || !said.subject) return "";
  const std::string color(said.color ? kColors[static_cast<std::size_t>(scene.color)] : "");
  const std::string name(pick(kSubjects[static_cast<std::size_t>(scene.subject)], dice));
  const std::string place(said.place ? pick(kPlaces[static_cast<std::size_t>(scene.place)], dice) : "");
  const bool vowel = color.empty() && (name[0] == 'a' || name[0] == 'o');
  const std::string article = in_a_sentence || dice.chance(0.3f) ? (vowel ? "an" : "a") : "";
  return join({article, color, name, place}, " ");
}

std::string words(const Scene& scene, const Said& said, Dice& dice) {
  const bool sentence = dice.chance(0.5f);
  const std::string opening(pick(kOpenings, dice));
  const std::string subject = subject_words(scene, said, sentence, dice);
  const std::string light = said.light ? light_words(scene, sentence, dice) : "";
  const std::string time(said.time ? pick(kTimes[static_cast<std::size_t>(scene.time)], dice) : "");
  const std::string ground(said.ground ? pick(kGrounds[static_cast<std::size_t>(scene.ground)], dice) : "");
  if (sentence) {
    const std::string between = dice.chance(0.5f) ? " " : ", ";
    return join({opening, join({join({subject, ground}, " "), time, light}, between)}, ", ");
  }
  std::vector<std::string> parts = {subject, light, time, ground};
  for (std::size_t i = parts.size(); i > 1; --i)
    std::swap(parts[i - 1], parts[static_cast<std::size_t>(dice.below(int(i)))]);
  return join({opening, join(parts, ", ")}, ", ");
}

}  // namespace

std::uint64_t Dice::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

float Dice::uniform(float low, float high) { return low + (high - low) * static_cast<float>(next() >> 40) * 0x1p-24f; }

std::array<int, kAttributes> Scene::values() const {
  return {int(time), int(light), int(ground), int(subject), int(color), int(place)};
}

Scene Scene::from_values(const std::array<int, kAttributes>& values) {
  return {Time(values[0]), Light(values[1]), Ground(values[2]), Subject(values[3]), Color(values[4]), Place(values[5])};
}

bool consistent(const Scene& scene) {
  const bool named_color =
      scene.subject == Subject::House || scene.subject == Subject::Tree || scene.subject == Subject::Boat;
  return (scene.color != Color::None) == named_color &&
      (scene.place != Place::None) == (scene.subject != Subject::None) &&
      (scene.subject != Subject::Boat || scene.ground == Ground::Sea);
}

bool held_out(const Scene& scene) {
  std::uint64_t key = 0;
  for (int value : scene.values()) key = key * 8 + static_cast<std::uint64_t>(value);
  return Dice(key * 0x2545f4914f6cdd1du + 17).next() % 10 == 0;
}

std::vector<Scene> all_scenes() {
  std::vector<Scene> scenes;
  const auto sizes = kAttributeSizes;
  int count = 1;
  for (int size : sizes) count *= size;
  for (int i = 0; i < count; ++i) {
    std::array<int, kAttributes> values;
    for (int rest = i, a = 0; a < kAttributes; ++a) {
      values[std::size_t(a)] = rest % sizes[std::size_t(a)];
      rest /= sizes[std::size_t(a)];
    }
    if (const Scene scene = Scene::from_values(values); consistent(scene)) scenes.push_back(scene);
  }
  return scenes;
}

Scene random_scene(Dice& dice) {
  for (;;) {
    Scene scene;
    scene.time = Time(dice.below(4));
    scene.light = dice.chance(0.25f) ? Light::None : Light(1 + dice.below(2));
    scene.ground = Ground(dice.below(5));
    // Boats live at sea only: there they get half the room, so that they are learnt as well as the others.
    const bool boat = scene.ground == Ground::Sea && dice.chance(0.5f);
    constexpr std::array on_land = {
        Subject::None, Subject::House, Subject::House, Subject::Tree, Subject::Tree, Subject::Fox, Subject::ArcticFox};
    scene.subject = boat ? Subject::Boat : dice.pick(std::span<const Subject>(on_land));
    if (scene.subject != Subject::None) scene.place = Place(1 + dice.below(3));
    const bool colored =
        scene.subject == Subject::House || scene.subject == Subject::Tree || scene.subject == Subject::Boat;
    if (colored) scene.color = Color(1 + dice.below(5));
    if (!held_out(scene)) return scene;
  }
}

std::string full_caption(const Scene& scene, Dice& dice) { return words(scene, Said{}, dice); }

std::string short_caption(const Scene& scene, Dice& dice) {
  Said said;
  said.time = dice.chance(0.6f);
  said.light = dice.chance(0.35f);
  said.ground = dice.chance(0.5f);
  said.subject = dice.chance(0.85f);
  said.color = dice.chance(0.6f);
  said.place = dice.chance(0.4f);
  return words(scene, said, dice);
}

std::vector<std::string> caption_words() {
  std::set<std::string> found = {"a", "an", "with", "sun", "moon", ","};
  const auto add = [&](std::string_view phrase) {
    std::istringstream in{std::string(phrase)};
    for (std::string word; in >> word;) found.insert(word);
  };
  const auto add_all = [&](const auto& table) {
    for (const Phrases& phrases : table) std::for_each(phrases.begin(), phrases.end(), add);
  };
  add_all(kTimes), add_all(kGrounds), add_all(kSubjects), add_all(kPlaces);
  std::for_each(kColors.begin(), kColors.end(), add);
  std::for_each(kOpenings.begin(), kOpenings.end(), add);
  return {found.begin(), found.end()};
}

}  // namespace weft::paper_cut
