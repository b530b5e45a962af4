// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.NativeFile;
import io.pghello.extension.installer.NativeFileReader;
import io.pghello.extension.installer.PackedExtension;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The contents of an image for CloudNativePG, which mounts the image at {@code /extensions/NAME}:
 * libraries of the extension in {@code lib}, control files and scripts in {@code share/extension},
 * libraries that these need in {@code system}, and licences in {@code licenses/NAME}.
 *
 * @param files contents by path
 * @param unreachable files in {@code share} that PostgreSQL reads only from its own directory, e.g.
 *     dictionaries
 */
record ExtensionImage(SortedMap<String, byte[]> files, List<String> unreachable) {
  /** The directory of libraries that the extension's libraries need. */
  static final String SYSTEM = "system/";

  private static final String SCRIPTS = "share/extension/";

  /** Directories in a jar, and in the image. */
  private static final Map<String, String> PLACES =
      Map.of(
          PackedExtension.LIBRARIES,
          "lib/",
          PackedExtension.SHARED,
          "share/",
          PackedExtension.NEEDED,
          SYSTEM,
          // PROJ finds its data in ../share, relative to its library
          PackedExtension.NEEDED_DATA,
          "share/");

  private static final Pattern LICENCE =
      Pattern.compile("(?i)(?:licen[cs]e|copying|copyright|notice|packages)\\b.*");

  private static final Pattern VERSION =
      Pattern.compile("(?m)^\\s*default_version\\s*=\\s*'([^'\\n]+)'");

  /** The versions of the GNU C library of the distributions of CloudNativePG's images. */
  private static final Map<String, String> LIBC =
      Map.of("bullseye", "2.31", "bookworm", "2.36", "trixie", "2.41");

  /**
   * Reads the files for a platform and a major version.
   *
   * @param distribution the codename of the server's distribution, e.g. {@code trixie}
   * @param licences contents of further licences by file name
   * @throws IllegalStateException if the jar has no such files, or if the distribution cannot load
   *     a library
   */
  static ExtensionImage read(
      ExtensionJar jar,
      PackedExtension extension,
      String platform,
      int major,
      String distribution,
      Map<String, byte[]> licences)
      throws IOException {
    var files = new TreeMap<String, byte[]>();
    var unreachable = new ArrayList<String>();
    for (Map.Entry<String, byte[]> file : extension.files(platform, major).entrySet()) {
      String path = file.getKey();
      byte[] content = file.getValue();
      for (Map.Entry<String, String> place : PLACES.entrySet()) {
        if (path.startsWith(place.getKey())) {
          path = place.getValue() + path.substring(place.getKey().length());
          break;
        }
      }
      if (path.startsWith("lib/") || path.startsWith(SYSTEM)) {
        requireLoadable(path, content, platform, distribution);
      } else if (path.startsWith(SCRIPTS) && path.endsWith(".sql")) {
        content =
            PackedExtension.withSharedDirectory(
                content, "/extensions/" + extension.name() + "/share");
      } else if (!path.startsWith(SCRIPTS)
          && file.getKey().startsWith(PackedExtension.SHARED)
          && !path.startsWith("share/contrib/")) {
        unreachable.add(path);
      }
      files.put(path, content);
    }
    String target = "licenses/" + extension.name() + "/";
    licences.forEach((file, content) -> files.put(target + file, content));
    for (String folder : List.of("META-INF", jar.directory(extension.name()))) {
      for (String file : jar.names(folder)) {
        if (LICENCE.matcher(file).matches()) {
          files.put(PackedExtension.below(target, file), jar.read(folder + "/" + file));
        }
      }
    }
    return new ExtensionImage(files, unreachable);
  }

  /** Returns whether a file name is one of the usual names of licences. */
  static boolean isLicence(String file) {
    return LICENCE.matcher(file).matches();
  }

  private static void requireLoadable(
      String path, byte[] content, String platform, String distribution) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    NativeFile library;
    try {
      library = NativeFileReader.read(content);
    } catch (IOException e) {
      // e.g. a linker script or bitcode, which a server does not load
      return;
    }
    if (!library.platforms().contains(platform)) {
      throw new IllegalStateException(
          "The library "
              + name
              + " was built for "
              + String.join(" and ", library.platforms())
              + ", not for "
              + platform
              + ". Build it again.");
    }
    @Nullable String present = LIBC.get(distribution);
    Optional<String> needed = library.minimumSystem(platform);
    if (present != null
        && needed.isPresent()
        && ElfFile.BY_VERSION.compare(needed.get(), present) > 0) {
      throw new IllegalStateException(
          "The library "
              + name
              + " needs version "
              + needed.get()
              + " of the GNU C library, but Debian "
              + distribution
              + " has "
              + present
              + ". Remedy: build it on "
              + distribution
              + ", or set pg-extension.image.distribution to the distribution of the server's"
              + " image.");
    }
  }

  /** Returns whether the image contains libraries that the extension's libraries need. */
  boolean hasSystemLibraries() {
    return files.keySet().stream().anyMatch(file -> file.startsWith(SYSTEM));
  }

  /** Returns whether the image contains a licence. */
  boolean hasLicence() {
    return files.keySet().stream().anyMatch(file -> file.startsWith("licenses/"));
  }

  /** Returns the version that {@code CREATE EXTENSION} creates. */
  String version(String extension) {
    byte[] control = files.get(SCRIPTS + extension + ".control");
    if (control != null) {
      Matcher version = VERSION.matcher(new String(control, StandardCharsets.UTF_8));
      if (version.find()) {
        return version.group(1);
      }
    }
    throw new IllegalStateException(
        "The file "
            + extension
            + ".control is missing, or does not set default_version. Add the line default_version ="
            + " '1.0' with the version of your scripts.");
  }
}
