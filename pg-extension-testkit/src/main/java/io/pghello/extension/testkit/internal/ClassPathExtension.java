// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The files of an extension on the class path, which a descriptor lists, since resources cannot be
 * listed: {@code META-INF/pg-extension/NAME.properties} has the keys
 *
 * <ul>
 *   <li>{@code folder}: where the files are on the class path;
 *   <li>{@code scripts}: the control file and the scripts, for {@code share/extension};
 *   <li>{@code data}: other files for {@code share}, with their subfolders;
 *   <li>{@code libraries}: shared libraries, which are in folders {@code PLATFORM/MAJOR} as {@code
 *       linux-amd64/17}; the file {@code SHA256SUMS} in the folder lists them with their hashes;
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
  private static final List<String> KEYS =
      List.of("folder", "scripts", "data", "libraries", "preload");

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
    try (InputStream in = url.openStream()) {
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
    if (!scripts().contains(name + ControlFile.SUFFIX)) {
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
    String resource = values.getOrDefault("folder", DESCRIPTORS + name) + "/" + file;
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

  /**
   * Returns the library that was built for a platform and a major.
   *
   * @throws IllegalStateException if there is none; the message names those there are
   */
  public byte[] library(String library, String platform, int major) {
    String path = platform + "/" + major + "/" + library;
    String hash = hashes().get(path);
    if (hash == null) {
      throw new IllegalStateException(
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
    byte[] content = read(path);
    if (!hash.equals(sha256(content))) {
      throw new IllegalStateException(
          path + " is not what " + SUMS + " says: it is damaged, or was built again.");
    }
    return content;
  }

  /** Returns what it was built for, as in {@code linux-amd64/17}. */
  public List<String> builds() {
    return hashes().keySet().stream()
        .map(path -> path.substring(0, path.lastIndexOf('/')))
        .distinct()
        .sorted()
        .toList();
  }

  /** Returns the hashes of the libraries by their paths. */
  private Map<String, String> hashes() {
    var hashes = new LinkedHashMap<String, String>();
    new String(read(SUMS), StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.contains(" "))
        .forEach(
            line ->
                hashes.put(
                    line.substring(line.indexOf(' ')).strip(),
                    line.substring(0, line.indexOf(' '))));
    return hashes;
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
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
