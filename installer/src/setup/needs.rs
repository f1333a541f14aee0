//! What Anachron needs of a Linux system, how it is found, and the packages that bring it.

use super::package_manager::PackageManager;

/// What something is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To compile and link the program.
    Build,
    /// To open a window. These libraries are loaded at run time, so no linker notices when they lack.
    Window,
    /// To draw, on a graphics card or without one; picture tests draw as well.
    Draw,
    /// To open windows where there is no screen.
    VirtualScreen,
    /// To take the README's pictures.
    Pictures,
}

impl Purpose {
    /// What `cargo xtask setup` installs: everything but the tools for pictures.
    pub const ALL: [Self; 4] = [Self::Build, Self::Window, Self::Draw, Self::VirtualScreen];
}

/// How the presence of something shows.
#[derive(Clone, Copy, Debug)]
pub enum FoundBy {
    /// `pkg-config` knows this module.
    PkgConfig(&'static str),
    /// The dynamic linker finds this library.
    Library(&'static str),
    /// The shell finds this program.
    Program(&'static str),
    /// A driver is registered with the Vulkan loader.
    VulkanDriver,
}

/// One thing that is needed.
#[derive(Debug)]
pub struct Need {
    pub what: &'static str,
    pub purpose: Purpose,
    pub found_by: FoundBy,
    apt: &'static [&'static str],
    dnf: &'static [&'static str],
    pacman: &'static [&'static str],
}

impl Need {
    pub fn packages(&self, manager: PackageManager) -> &'static [&'static str] {
        match manager {
            PackageManager::Apt => self.apt,
            PackageManager::Dnf => self.dnf,
            PackageManager::Pacman => self.pacman,
        }
    }
}

/// Short rows: what, purpose, found by, then the packages of apt, dnf and pacman.
macro_rules! needs {
    ($($what:literal, $purpose:ident, $kind:ident $(($name:literal))?, $apt:expr, $dnf:expr, $pacman:expr;)*) => {
        &[$(Need {
            what: $what,
            purpose: Purpose::$purpose,
            found_by: FoundBy::$kind $(($name))?,
            apt: &$apt,
            dnf: &$dnf,
            pacman: &$pacman,
        }),*]
    };
}

pub const NEEDS: &[Need] = needs! {
    "pkg-config", Build, Program("pkg-config"), ["pkg-config"], ["pkgconf-pkg-config"], ["pkgconf"];
    "ALSA headers", Build, PkgConfig("alsa"), ["libasound2-dev"], ["alsa-lib-devel"], ["alsa-lib"];
    "udev headers", Build, PkgConfig("libudev"), ["libudev-dev"], ["systemd-devel"], ["systemd-libs"];

    "libX11", Window, Library("libX11.so.6"), ["libx11-6"], ["libX11"], ["libx11"];
    "libX11-xcb", Window, Library("libX11-xcb.so.1"), ["libx11-xcb1"], ["libX11-xcb"], ["libx11"];
    "libXcursor", Window, Library("libXcursor.so.1"), ["libxcursor1"], ["libXcursor"], ["libxcursor"];
    "libXi", Window, Library("libXi.so.6"), ["libxi6"], ["libXi"], ["libxi"];
    "libXrandr", Window, Library("libXrandr.so.2"), ["libxrandr2"], ["libXrandr"], ["libxrandr"];
    "libxkbcommon", Window, Library("libxkbcommon.so.0"), ["libxkbcommon0"], ["libxkbcommon"], ["libxkbcommon"];
    "libxkbcommon-x11", Window, Library("libxkbcommon-x11.so.0"), ["libxkbcommon-x11-0"], ["libxkbcommon-x11"],
        ["libxkbcommon-x11"];
    "libwayland-client", Window, Library("libwayland-client.so.0"), ["libwayland-client0"],
        ["libwayland-client"], ["wayland"];
    "libwayland-egl", Window, Library("libwayland-egl.so.1"), ["libwayland-egl1"], ["libwayland-egl"], ["wayland"];
    "D-Bus", Window, Library("libdbus-1.so.3"), ["libdbus-1-3"], ["dbus-libs"], ["dbus"];

    "Vulkan", Draw, Library("libvulkan.so.1"), ["libvulkan1"], ["vulkan-loader"], ["vulkan-icd-loader"];
    "a Vulkan driver", Draw, VulkanDriver, ["mesa-vulkan-drivers"], ["mesa-vulkan-drivers"], ["vulkan-swrast"];
    "EGL", Draw, Library("libEGL.so.1"), ["libegl1"], ["libglvnd-egl", "mesa-libEGL"], ["libglvnd", "mesa"];
    "OpenGL", Draw, Library("libGL.so.1"), ["libgl1", "libgl1-mesa-dri"], ["libglvnd-glx", "mesa-dri-drivers"],
        ["libglvnd", "mesa"];

    "Xvfb", VirtualScreen, Program("Xvfb"), ["xvfb"], ["xorg-x11-server-Xvfb"], ["xorg-server-xvfb"];

    "ImageMagick", Pictures, Program("import"), ["imagemagick"], ["ImageMagick"], ["imagemagick"];
    "xdotool", Pictures, Program("xdotool"), ["xdotool"], ["xdotool"], ["xdotool"];
};
