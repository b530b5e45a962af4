// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.cache;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * A hash of the files that determine a template: names, order and contents. Some inputs cannot be
 * hashed, for example programs or files in a cloud; then {@link #key} returns empty. Not
 * thread-safe.
 */
public final class InputHash {
  private static final int MAX_FILES = 20_000;
  private static final long MAX_BYTES = 256L << 20;

  private final MessageDigest digest = Sha256.digest();
  private final BiPredicate<String, byte[]> rejected;
  private int files;
  private long bytes;
  private boolean complete = true;

  /**
   * Creates an instance.
   *
   * @param rejected returns whether the template depends on more than the hash covers, by the name
   *     of a file in its directory and the content
   */
  public InputHash(BiPredicate<String, byte[]> rejected) {
    this.rejected = rejected;
  }

  /** Adds a string. */
  public void add(String text) {
    add(text.getBytes(StandardCharsets.UTF_8));
  }

  private void add(byte[] content) {
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(content.length).array());
    digest.update(content);
  }

  /** Adds all files in a directory and its subdirectories. */
  public void addDirectory(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      complete = false;
      return;
    }
    var found = new TreeMap<String, Path>();
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : (Iterable<Path>) paths.limit(MAX_FILES + 1L)::iterator) {
        if (Files.isRegularFile(path)) {
          found.put(folder.relativize(path).toString().replace(File.separatorChar, '/'), path);
        } else if (!Files.isDirectory(path) || Files.isSymbolicLink(path)) {
          complete = false;
        }
      }
    }
    add("directory " + found.size());
    for (var each : found.entrySet()) {
      if (canAdd(each.getKey(), Files.size(each.getValue()))) {
        addFile(each.getKey(), Files.readAllBytes(each.getValue()));
      }
    }
  }

  /** Adds all files in a directory on the class path, and in its subdirectories. */
  public void addClassPath(ClassLoader loader, String folder) throws IOException {
    List<URL> places = Collections.list(loader.getResources(folder));
    if (places.isEmpty()) {
      complete = false;
    }
    for (URL place : places) {
      if (place.getProtocol().equals("file")) {
        addDirectory(path(place));
      } else if (place.openConnection() instanceof JarURLConnection connection) {
        // otherwise, a jar that has changed would not be read again
        connection.setUseCaches(false);
        try (JarFile jar = connection.getJarFile()) {
          addJar(jar, folder.endsWith("/") ? folder : folder + "/");
        }
      } else {
        complete = false;
      }
    }
  }

  private void addJar(JarFile jar, String prefix) throws IOException {
    var found = new ArrayList<JarEntry>();
    for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
      if (entry.getName().startsWith(prefix) && !entry.isDirectory()) {
        found.add(entry);
      }
    }
    add("jar " + found.size());
    for (JarEntry entry : found) {
      if (canAdd(entry.getName(), entry.getSize())) {
        try (InputStream in = jar.getInputStream(entry)) {
          addFile(entry.getName().substring(prefix.length()), in.readAllBytes());
        }
      }
    }
  }

  /**
   * Adds the names and sizes of the jars that contain a resource. The names of jars usually contain
   * versions.
   */
  public void addJarsWith(ClassLoader loader, String resource) throws IOException {
    for (URL url : Collections.list(loader.getResources(resource))) {
      URLConnection connection = url.openConnection();
      if (connection instanceof JarURLConnection jar) {
        Path file = path(jar.getJarFileURL());
        add(file.getFileName() + " " + Files.size(file));
      } else {
        complete = false;
      }
    }
  }

  private static Path path(URL url) throws IOException {
    try {
      return Path.of(new URI(url.toString()));
    } catch (URISyntaxException | IllegalArgumentException e) {
      throw new IOException("not a file: " + url, e);
    }
  }

  private boolean canAdd(String name, long size) {
    files++;
    bytes += Math.max(0, size);
    // classes may use other classes
    complete &= size >= 0 && files <= MAX_FILES && bytes <= MAX_BYTES && !name.endsWith(".class");
    return complete;
  }

  private void addFile(String name, byte[] content) {
    add(name);
    add(content);
    complete &= !rejected.test(name, content);
  }

  /**
   * Returns the hash; empty if it does not cover all inputs. Call this method once, after
   * everything has been added.
   */
  public Optional<String> key() {
    return complete ? Optional.of(HexFormat.of().formatHex(digest.digest())) : Optional.empty();
  }
}
