// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import liquibase.resource.AbstractResource;
import liquibase.resource.AbstractResourceAccessor;
import liquibase.resource.Resource;
import liquibase.resource.ResourceAccessor;
import org.jspecify.annotations.Nullable;

/**
 * The files that the cache key of a changelog covers, and all others. So the files that Liquibase
 * reads are always those that were hashed.
 */
final class HashedResources extends AbstractResourceAccessor {
  private final @Nullable String directory;
  private final Map<String, List<byte[]>> files;
  private final ResourceAccessor others;
  private volatile boolean readsOthers;

  /**
   * Creates an instance.
   *
   * @param directory the directory of the hashed files; null for none
   */
  HashedResources(
      @Nullable String directory, Map<String, List<byte[]>> files, ResourceAccessor others) {
    this.directory = directory;
    this.files = files;
    this.others = others;
  }

  /** Returns whether Liquibase has read files that the key does not cover. */
  boolean readsOthers() {
    return readsOthers;
  }

  /** Returns the path in the directory; null if the path is outside. */
  private @Nullable String inside(String path) {
    if (directory == null) {
      return null;
    }
    String normalized;
    try {
      normalized = normalized(path);
    } catch (InvalidPathException e) {
      return null;
    }
    if (directory.isEmpty()) {
      return normalized.startsWith("..") ? null : normalized;
    }
    if (normalized.equals(directory)) {
      return "";
    }
    return normalized.startsWith(directory + "/")
        ? normalized.substring(directory.length() + 1)
        : null;
  }

  @Override
  public List<Resource> getAll(String path) throws IOException {
    String name = inside(path);
    if (name == null) {
      readsOthers = true;
      return others.getAll(withoutPrefix(path));
    }
    var found = new ArrayList<Resource>();
    for (byte[] content : files.getOrDefault(name, List.of())) {
      found.add(new HashedFile(this, path, found.size(), content));
    }
    return found;
  }

  @Override
  public List<Resource> search(String path, boolean recursive) throws IOException {
    String name = inside(path);
    if (name == null) {
      readsOthers = true;
      return others.search(withoutPrefix(path), recursive);
    }
    var found = new ArrayList<Resource>();
    String prefix = name.isEmpty() ? "" : name + "/";
    for (String each : files.keySet()) {
      if (each.startsWith(prefix) && (recursive || each.indexOf('/', prefix.length()) < 0)) {
        found.addAll(getAll(normalized(directory + "/" + each)));
      }
    }
    return found;
  }

  @Override
  public List<String> describeLocations() {
    return others.describeLocations();
  }

  @Override
  public void close() {
    // the caller closes the others
  }

  /** Returns a path as Liquibase stores it, e.g. without {@code classpath:}. */
  static String normalized(String path) {
    return Path.of(withoutPrefix(path).replaceFirst("^/+", ""))
        .normalize()
        .toString()
        .replace('\\', '/');
  }

  private static String withoutPrefix(String path) {
    return path.replace('\\', '/').replaceFirst("^classpath\\*?:", "");
  }

  private static final class HashedFile extends AbstractResource {
    private final ResourceAccessor files;
    private final byte[] content;

    HashedFile(ResourceAccessor files, String path, int index, byte[] content) {
      super(path, uri(path, index));
      this.files = files;
      this.content = content;
    }

    private static URI uri(String path, int index) {
      try {
        return new URI("classpath", "/" + normalized(path), String.valueOf(index));
      } catch (URISyntaxException e) {
        throw new IllegalArgumentException(e);
      }
    }

    @Override
    public InputStream openInputStream() throws IOException {
      var in = new ByteArrayInputStream(content);
      return getPath().endsWith(".gz") ? new GZIPInputStream(in) : in;
    }

    @Override
    public boolean exists() {
      return true;
    }

    @Override
    public Resource resolve(String other) {
      return file(resolvePath(other));
    }

    @Override
    public Resource resolveSibling(String other) {
      return file(resolveSiblingPath(other));
    }

    private Resource file(String path) {
      try {
        return files.get(path);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
