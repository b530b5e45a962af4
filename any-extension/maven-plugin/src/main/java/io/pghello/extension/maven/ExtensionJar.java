// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.PackedExtension;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The files of an extension in a jar, or in a directory with the contents of a jar. The jar may be
 * from an untrusted source: paths cannot leave it, and the size of all files that were read is
 * limited. Close this object to close the jar. Not thread-safe.
 */
final class ExtensionJar implements PackedExtension.Resources, Closeable {
  private static final String SUFFIX = ".properties";

  /** Maximum size of the files of an image, uncompressed. PostGIS has 90 MB. */
  static final long MAX_BYTES = 512L << 20;

  private final Path jar;
  private final @Nullable FileSystem zip;
  private final Path root;
  private final long maxBytes;
  private long bytes;

  ExtensionJar(Path jar) throws IOException {
    this(jar, MAX_BYTES);
  }

  ExtensionJar(Path jar, long maxBytes) throws IOException {
    this.jar = jar;
    this.maxBytes = maxBytes;
    if (!Files.exists(jar)) {
      throw noExtension(jar);
    }
    if (Files.isDirectory(jar)) {
      this.zip = null;
      this.root = jar.toAbsolutePath().normalize();
    } else {
      try {
        this.zip = FileSystems.newFileSystem(jar);
      } catch (RuntimeException e) {
        throw new IOException(jar + " is not a jar: " + e.getMessage(), e);
      }
      this.root = this.zip.getPath("/");
    }
  }

  @Override
  public @Nullable InputStream open(String name) throws IOException {
    Path file = inside(name);
    if (!Files.isRegularFile(file)) {
      return null;
    }
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      // the size in a jar's directory may be wrong
      content = in.readNBytes((int) (maxBytes - bytes + 1));
    }
    bytes += content.length;
    if (bytes > maxBytes) {
      throw new IOException(
          "The files of an image have more than "
              + maxBytes
              + " bytes. Remedy: build this image with a Dockerfile.");
    }
    return new ByteArrayInputStream(content);
  }

  @Override
  public String place() {
    return "in " + jar;
  }

  private Path inside(String name) throws IOException {
    try {
      Path file = root.resolve(name).normalize();
      if (file.startsWith(root)) {
        return file;
      }
    } catch (InvalidPathException e) {
      throw new IOException("\"" + name + "\" is not a path", e);
    }
    throw new IOException("\"" + name + "\" is not a path in the jar");
  }

  byte[] read(String name) throws IOException {
    try (InputStream in = open(name)) {
      if (in == null) {
        throw new IOException(jar + " contains no file " + name);
      }
      return in.readAllBytes();
    }
  }

  /** Returns the names of the files in a directory, not including subdirectories. */
  List<String> names(String folder) throws IOException {
    Path path = inside(folder);
    if (!Files.isDirectory(path)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(path)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> Objects.requireNonNull(file.getFileName()).toString())
          .sorted()
          .toList();
    }
  }

  /**
   * Reads the extension with this name.
   *
   * @param name the name; null if the jar contains one extension only, or if all further extensions
   *     share the directory of the first, e.g. in the jar of PostGIS
   * @throws IllegalArgumentException if the jar has no such extension, or if the name is necessary
   */
  PackedExtension extension(@Nullable String name) throws IOException {
    var names = new ArrayList<String>();
    for (String file : names(PackedExtension.DESCRIPTORS)) {
      if (file.endsWith(SUFFIX)) {
        names.add(file.substring(0, file.length() - SUFFIX.length()));
      }
    }
    if (names.isEmpty()) {
      throw noExtension(jar);
    }
    List<String> found = new ArrayList<>(names);
    if (name != null) {
      found.retainAll(List.of(name));
    } else if (names.size() > 1) {
      for (String each : names) {
        if (descriptor(each).containsKey("folder")) {
          found.remove(each);
        }
      }
    }
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          jar
              + (name == null
                  ? " contains several extensions"
                  : " has no extension \"" + name + "\"")
              + ". Remedy: set pg-extension.name to one of "
              + String.join(", ", names)
              + ".");
    }
    String only = found.get(0);
    String file = PackedExtension.DESCRIPTORS + only + SUFFIX;
    return new PackedExtension(
        only, file + " in " + jar, new ByteArrayInputStream(read(file)), this);
  }

  private static IllegalArgumentException noExtension(Path jar) {
    return new IllegalArgumentException(
        "There is no extension in "
            + jar
            + ". Remedy: run the goals compile and package first, or set pg-extension.jar to the path"
            + " or the coordinates of an extension's jar.");
  }

  /** Returns the directory that contains an extension's files. */
  String directory(String extension) throws IOException {
    return descriptor(extension).getProperty("folder", PackedExtension.DESCRIPTORS + extension);
  }

  private Properties descriptor(String extension) throws IOException {
    var descriptor = new Properties();
    try (var in =
        new ByteArrayInputStream(read(PackedExtension.DESCRIPTORS + extension + SUFFIX))) {
      descriptor.load(in);
    } catch (IllegalArgumentException e) {
      throw new IOException(extension + SUFFIX + " cannot be read: " + e.getMessage(), e);
    }
    return descriptor;
  }

  /** Returns an attribute of the manifest; null if there is none. */
  @Nullable String attribute(String name) throws IOException {
    try (InputStream in = open("META-INF/MANIFEST.MF")) {
      return in == null
          ? null
          : new Manifest(in).getMainAttributes().getValue(new Attributes.Name(name));
    }
  }

  @Override
  public void close() throws IOException {
    if (zip != null) {
      zip.close();
    }
  }
}
