// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The description of an extension's files in a jar: a properties file, encoded in UTF-8. Elements
 * of lists are separated by commas. It has the following keys:
 *
 * <ul>
 *   <li>{@code folder}: the path of the files in the jar;
 *   <li>{@code scripts}: the control file and the scripts, to be installed in {@code
 *       share/extension};
 *   <li>{@code data}: other files, to be installed in {@code share}, with their subdirectories;
 *   <li>{@code libraries}: shared libraries, which are in directories {@code PLATFORM/MAJOR}, e.g.
 *       {@code linux-amd64/17}. The file {@code SHA256SUMS} in {@code folder} contains their
 *       hashes. A library can be listed without a suffix, or with the suffix of any platform (see
 *       {@link PackedExtension#libraryFile});
 *   <li>{@code majors}: the major versions, if each of them has its own files. This key replaces
 *       {@code scripts}, {@code data} and {@code libraries}. Files for {@code share} are in {@code
 *       share/MAJOR}, and libraries are in {@code PLATFORM/MAJOR}. Additional libraries, which
 *       these libraries depend on, are in {@code needed/PLATFORM/MAJOR}, and the data files of the
 *       additional libraries are in {@code needed/share/MAJOR}. {@code SHA256SUMS} lists all files;
 *   <li>{@code libc}: a directory that contains a file {@code SHA256SUMS} and, in a subdirectory
 *       {@code PLATFORM}, the GNU C library for which the libraries were built. The directory may
 *       be in another jar. Default: the server uses the C library of its machine;
 *   <li>{@code preload}: libraries for {@code shared_preload_libraries};
 *   <li>{@code setting.NAME}: a setting that the server needs;
 *   <li>{@code headers.MAJOR}: the PostgreSQL version of the headers that the libraries of a major
 *       version were built with, e.g. {@code 17.5}.
 * </ul>
 */
final class Descriptor {
  private static final String SETTING = "setting.";
  private static final String HEADERS = "headers.";

  private static final List<String> KEYS =
      List.of("folder", "scripts", "data", "libraries", "majors", "libc", "preload");

  private final String name;
  private final String folder;
  private final Map<String, String> values = new TreeMap<>();
  private final Map<String, String> settings = new TreeMap<>();

  /**
   * Reads a descriptor.
   *
   * @param folder the path of the descriptor without its suffix, which is also the default path of
   *     the files
   * @param from the name of the descriptor for use in error messages
   * @throws IllegalStateException if the descriptor is invalid
   */
  Descriptor(String name, String folder, String from, InputStream in) {
    this.name = name;
    this.folder = folder;
    var read = new Properties();
    // a decoder reports invalid UTF-8; with a charset, the reader would silently replace invalid
    // bytes
    try {
      read.load(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()));
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalStateException(from + " cannot be read: " + e.getMessage(), e);
    }
    for (String key : new TreeSet<>(read.stringPropertyNames())) {
      if (key.startsWith(SETTING)) {
        settings.put(key.substring(SETTING.length()), read.getProperty(key));
      } else if (KEYS.contains(key) || key.startsWith(HEADERS)) {
        values.put(key, read.getProperty(key).strip());
      } else {
        throw new IllegalStateException(
            from
                + " has the unknown key \""
                + key
                + "\"; valid keys are "
                + String.join(", ", KEYS)
                + ", headers.MAJOR and setting.NAME.");
      }
    }
    if (list("majors").isEmpty() && !list("scripts").contains(name + ".control")) {
      throw new IllegalStateException(
          from
              + " does not list "
              + name
              + ".control among its scripts, but "
              + list("scripts")
              + ".");
    }
  }

  String name() {
    return name;
  }

  /** Returns the path of the descriptor in the jar. */
  String path() {
    return folder + ".properties";
  }

  /** Returns the path of the files in the jar. */
  String directory() {
    return values.getOrDefault("folder", folder);
  }

  /** Returns all values except settings, by key. */
  Map<String, String> values() {
    return values;
  }

  Map<String, String> settings() {
    return settings;
  }

  @Nullable String headersVersion(int major) {
    return values.get(HEADERS + major);
  }

  @Nullable String libc() {
    return values.get("libc");
  }

  /** Returns the elements of a list, which is empty if the descriptor does not have the key. */
  List<String> list(String key) {
    @Nullable String value = values.get(key);
    var list = new ArrayList<String>();
    for (String each : (value == null ? "" : value).split(",", -1)) {
      if (!each.isBlank()) {
        list.add(each.strip());
      }
    }
    return list;
  }

  /** Returns the error for a major version without files. */
  IllegalStateException noFiles(int major) {
    List<String> majors = list("majors");
    if (majors.contains(String.valueOf(major))) {
      return new IllegalStateException(
          "The extension \""
              + name
              + "\" has no files for PostgreSQL "
              + major
              + ", although "
              + path()
              + " lists it: "
              + directory()
              + "/"
              + Sha256Sums.FILE
              + " is incomplete. Build the extension again.");
    }
    String all =
        Stream.concat(majors.stream(), Stream.of(String.valueOf(major)))
            .sorted(Comparator.comparingInt(String::length).thenComparing(each -> each))
            .collect(Collectors.joining(","));
    return new IllegalStateException(
        "The extension \""
            + name
            + "\" has no files for PostgreSQL "
            + major
            + ", only for "
            + String.join(", ", majors)
            + (majors.size() == 1 ? ": use it" : ": use one of these")
            + ", or build the extension with mvn verify -Dpg-extension.majors="
            + all
            + " (a recipe: with scripts/recipes.sh "
            + major
            + ").");
  }
}
