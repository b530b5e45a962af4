// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.jspecify.annotations.Nullable;

/** The files of an extension on the class path. Thread-safe. */
public final class ClassPathExtension implements ExtensionSource {
  private static final String SUFFIX = ".properties";

  private final PackedExtension packed;

  private ClassPathExtension(PackedExtension packed) {
    this.packed = packed;
  }

  /**
   * Returns the extension with the given name if the class path has a descriptor for it.
   *
   * @throws IllegalStateException if there are two descriptors, or the descriptor is invalid
   */
  public static Optional<ClassPathExtension> find(String name) {
    ClassLoader threads = Thread.currentThread().getContextClassLoader();
    ClassLoader own = ClassPathExtension.class.getClassLoader();
    // in a thread of the common pool, the context class loader may not see the application's
    // classes
    return threads == null ? find(name, own) : find(name, threads).or(() -> find(name, own));
  }

  /**
   * Returns the extension from the class path, or, if no jar contains it, the extension that comes
   * with the server.
   */
  public static ServerExtension named(String name) {
    return find(ServerExtension.requireName(name))
        .map(ClassPathExtension::toServerExtension)
        .orElseGet(() -> ServerExtension.ofServer(name));
  }

  private static Optional<ClassPathExtension> find(String name, ClassLoader loader) {
    List<URL> found;
    try {
      found =
          Collections.list(loader.getResources(PackedExtension.DESCRIPTORS + name + SUFFIX))
              .stream()
              .distinct()
              .toList();
    } catch (IOException e) {
      throw new IllegalStateException("the class path cannot be read", e);
    }
    if (found.size() > 1) {
      throw new IllegalStateException(
          "The extension \"" + name + "\" is on the class path twice; keep only one: " + found);
    }
    return found.stream().findFirst().map(url -> new ClassPathExtension(read(name, url, loader)));
  }

  private static PackedExtension read(String name, URL url, ClassLoader loader) {
    try (InputStream in = url.openStream()) {
      return new PackedExtension(name, url.toString(), in, new OnClassPath(loader));
    } catch (IOException e) {
      throw new IllegalStateException(url + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** Returns the names of all extensions on the class path, sorted. */
  static List<String> names() throws IOException {
    ClassLoader threads = Thread.currentThread().getContextClassLoader();
    ClassLoader loader = threads == null ? ClassPathExtension.class.getClassLoader() : threads;
    var names = new TreeSet<String>();
    for (URL folder : Collections.list(loader.getResources(PackedExtension.DESCRIPTORS))) {
      addNames(folder, names);
    }
    return List.copyOf(names);
  }

  /**
   * Returns a sentence, with a leading space, for each jar on the class path that cannot be opened,
   * for example because a download was interrupted. Class loaders ignore such jars.
   */
  public static String unreadableJars() {
    var sentences = new StringBuilder();
    for (String each : System.getProperty("java.class.path", "").split(File.pathSeparator, -1)) {
      if (each.endsWith(".jar") && new File(each).isFile()) {
        try {
          new JarFile(each).close();
        } catch (IOException e) {
          sentences
              .append(" The jar ")
              .append(each)
              .append(" on the class path cannot be read (")
              .append(e.getMessage())
              .append("): delete it, and download or build it again.");
        }
      }
    }
    return sentences.toString();
  }

  private static void addNames(URL folder, Set<String> names) throws IOException {
    if (folder.openConnection() instanceof JarURLConnection connection) {
      // otherwise the jar would stay open in the cache of URL connections
      connection.setUseCaches(false);
      try (JarFile jar = connection.getJarFile()) {
        jar.stream()
            .map(JarEntry::getName)
            .filter(name -> name.startsWith(PackedExtension.DESCRIPTORS))
            .forEach(name -> addName(name.substring(PackedExtension.DESCRIPTORS.length()), names));
      }
    } else if (folder.getProtocol().equals("file")) {
      String[] files = new File(URI.create(folder.toString())).list();
      for (String file : files == null ? new String[0] : files) {
        addName(file, names);
      }
    }
  }

  private static void addName(String file, Set<String> names) {
    if (file.endsWith(SUFFIX) && !file.contains("/")) {
      names.add(file.substring(0, file.length() - SUFFIX.length()));
    }
  }

  private record OnClassPath(ClassLoader loader) implements PackedExtension.Resources {
    @Override
    public @Nullable InputStream open(String name) {
      return loader.getResourceAsStream(name);
    }

    @Override
    public boolean isInJar(String name) {
      URL url = loader.getResource(name);
      return url != null && url.getProtocol().equals("jar");
    }

    @Override
    public String place() {
      return "on the class path";
    }
  }

  /** Returns the extension for use by a server. */
  public ServerExtension toServerExtension() {
    return new ServerExtension(packed.name(), this, packed.preload(), packed.settings(), true);
  }

  @Override
  public Map<String, byte[]> files(String platform, int major) {
    return packed.files(platform, major);
  }

  @Override
  public List<byte[]> controlFiles() {
    String control = packed.name() + ControlFile.SUFFIX;
    return packed.scripts().contains(control)
        ? List.of(packed.read(control))
        : packed.majors().stream()
            .map(major -> packed.read("share/" + major + "/extension/" + control))
            .toList();
  }

  @Override
  public boolean isBuiltFor(String platform, int major) {
    List<Integer> majors = packed.majors();
    return (majors.isEmpty() || majors.contains(major)) && packed.isBuiltFor(platform, major);
  }

  /**
   * Returns empty for files in directories, because such files may change at any time. Files in a
   * jar change only together with the jar's list of hashes.
   */
  @Override
  public Optional<String> identity() {
    return packed.identity();
  }

  @Override
  public @Nullable String headersVersion(int major) {
    return packed.headersVersion(major);
  }

  @Override
  public boolean hasLibc() {
    return packed.hasLibc();
  }

  @Override
  public Optional<String> missingLibc() {
    return packed.missingLibc();
  }

  @Override
  public Map<String, byte[]> libc() {
    return packed.libc(Platform.current());
  }

  /**
   * Returns the platforms and major versions that the extension was built for, e.g. {@code
   * linux-amd64/17}.
   */
  public List<String> builds() {
    return packed.builds();
  }
}
