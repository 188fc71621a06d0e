// Dropping files on the editor's window, as a file manager does: the source's side of XDND, version 5.
#include "tests/editor/outside/drop.h"

#include <X11/Xatom.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace weft::editor::outside {

namespace {

class Source {
 public:
  Source(::Display* display, ::Window target, std::string uris)
      : display_(display), target_(target), uris_(std::move(uris)) {
    window_ = XCreateSimpleWindow(display, DefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0);
    XSetSelectionOwner(display, atom("XdndSelection"), window_, CurrentTime);
  }
  ~Source() { XDestroyWindow(display_, window_); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void drop(int x, int y) {
    constexpr long kVersion = 5;
    send("XdndEnter", {kVersion << 24, static_cast<long>(atom("text/uri-list")), 0, 0});
    const long place = static_cast<long>(x) << 16 | y;
    send("XdndPosition", {0, place, CurrentTime, static_cast<long>(atom("XdndActionCopy"))});
    if (!(wait("XdndStatus").data.l[1] & 1)) throw std::runtime_error("the window does not take the files");
    send("XdndDrop", {0, CurrentTime, 0, 0});
    wait("XdndFinished");
  }

 private:
  Atom atom(const char* name) const { return XInternAtom(display_, name, False); }

  void send(const char* type, const std::array<long, 4>& data) {
    XEvent event{};
    event.xclient.type = ClientMessage;
    event.xclient.window = target_;
    event.xclient.message_type = atom(type);
    event.xclient.format = 32;
    event.xclient.data.l[0] = static_cast<long>(window_);
    for (std::size_t i = 0; i < data.size(); ++i) event.xclient.data.l[i + 1] = data[i];
    XSendEvent(display_, target_, False, NoEventMask, &event);
    XFlush(display_);
  }

  /// Until the target says this; gives it the names of the files when it asks.
  XClientMessageEvent wait(const char* type) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < until) {
      if (XPending(display_) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        continue;
      }
      XEvent event;
      XNextEvent(display_, &event);
      if (event.type == SelectionRequest) give(event.xselectionrequest);
      if (event.type == ClientMessage && event.xclient.message_type == atom(type)) return event.xclient;
    }
    throw std::runtime_error(fmt::format("the window never says {}", type));
  }

  void give(const XSelectionRequestEvent& request) {
    XChangeProperty(display_, request.requestor, request.property, request.target, 8, PropModeReplace,
        reinterpret_cast<const unsigned char*>(uris_.data()), static_cast<int>(uris_.size()));
    XEvent reply{};
    reply.xselection.type = SelectionNotify;
    reply.xselection.requestor = request.requestor;
    reply.xselection.selection = request.selection;
    reply.xselection.target = request.target;
    reply.xselection.property = request.property;
    reply.xselection.time = request.time;
    XSendEvent(display_, request.requestor, False, NoEventMask, &reply);
    XFlush(display_);
  }

  ::Display* display_;
  ::Window target_, window_ = 0;
  std::string uris_;
};

}  // namespace

void drop_files(::Display* display, ::Window target, const std::vector<std::filesystem::path>& files, int x, int y) {
  std::string uris;
  for (const std::filesystem::path& file : files) uris += "file://" + file.string() + "\r\n";
  Source(display, target, uris).drop(x, y);
}

}  // namespace weft::editor::outside
