// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import com.github.dockerjava.api.command.InspectContainerResponse;
import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.server.ContainerExtensions;
import io.pghello.extension.testkit.internal.server.SharedServer;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * A container of a stock {@code postgres} image with native extensions. Their files are copied into
 * the container, so {@code CREATE EXTENSION} works without a custom image.
 *
 * <pre>{@code
 * try (var container = new ExtensionContainer("postgres:17").withExtension("vector")) {
 *   container.start();
 *   DataSource dataSource = container.createDatabase().dataSource();
 * }
 * }</pre>
 *
 * <p>Requires a container engine, and Testcontainers 2 ({@code
 * org.testcontainers:testcontainers-postgresql}) or 1.21 ({@code org.testcontainers:postgresql}) on
 * the class path. Not thread-safe before {@link #start()} has returned.
 *
 * <ul>
 *   <li>Images: Supports the official images, based on Debian or Alpine, if the extensions have
 *       libraries for the image's major version, architecture and C library. Otherwise, {@link
 *       #start()} fails, and the message contains the reason.
 *   <li>Libraries: Other libraries that are packaged with an extension are copied too, except for
 *       the C library: the server uses the image's own.
 *   <li>{@code @ServiceConnection}: The application connects to the container's own database, which
 *       does not have the extensions. Run {@code CREATE EXTENSION} there, for example in a
 *       migration.
 * </ul>
 */
// The superclass exists in Testcontainers 1 and 2. Testcontainers 2 deprecates it in favor of a
// class that Testcontainers 1 does not have. The constructor only stores a reference to the object.
@SuppressWarnings({"deprecation", "this-escape"})
public class ExtensionContainer extends PostgreSQLContainer<ExtensionContainer> {
  private final ContainerExtensions extensions;
  private @Nullable DatabaseFactory databases;

  /**
   * Creates a container. {@link #start()} starts it.
   *
   * @param image the name of a {@code postgres} image or of an image that is based on one, e.g.
   *     {@code postgres:17} or {@code postgis/postgis:17-3.5}
   */
  public ExtensionContainer(String image) {
    this(DockerImageName.parse(image));
  }

  /**
   * Creates a container. {@link #start()} starts it.
   *
   * @param image the name of a {@code postgres} image or of an image that is based on one
   */
  public ExtensionContainer(DockerImageName image) {
    // Testcontainers accepts only images that it knows; start() checks that this one is PostgreSQL
    super(image.asCompatibleSubstituteFor("postgres"));
    this.extensions = new ContainerExtensions(this, Map.of());
  }

  /**
   * Adds an extension from a jar on the class path, or from the image if no jar contains the
   * extension.
   *
   * @param name the name of the extension, without quotes
   * @throws IllegalArgumentException if the name is not a valid extension name
   * @throws IllegalStateException if the container already exists
   */
  public ExtensionContainer withExtension(String name) {
    return withExtension(NativeExtension.named(name));
  }

  /**
   * Adds an extension. Extensions are created in the databases of {@link #createDatabase()}, in
   * insertion order, but not in the container's own database. The extension's settings and
   * preloaded libraries are appended to the server's command, so they override earlier values from
   * {@code withCommand}.
   *
   * @throws IllegalStateException if the container already exists
   */
  public ExtensionContainer withExtension(NativeExtension extension) {
    if (getContainerId() != null) {
      throw new IllegalStateException("add extensions before start(), which copies their files");
    }
    extensions.add(extension.extension());
    return this;
  }

  /**
   * Starts the container.
   *
   * @throws IllegalStateException if the image is not supported, or two extensions need different
   *     values of a setting; the message contains the reason, and no container remains
   * @throws ContainerLaunchException if the server does not start or an extension cannot be
   *     created; the causes contain the reason, and {@link #close()} removes the container
   */
  @Override
  public void start() {
    extensions.start(super::start);
  }

  /** Copies the files after the container is created and before it starts. */
  @Override
  protected void containerIsCreated(String containerId) {
    extensions.copyFiles(containerId);
    super.containerIsCreated(containerId);
  }

  @Override
  protected void containerIsStarted(InspectContainerResponse container) {
    super.containerIsStarted(container);
    databases = extensions.prepareDatabases(/* schema= */ null);
  }

  @Override
  protected void containerIsStopped(InspectContainerResponse container) {
    databases = null;
    super.containerIsStopped(container);
  }

  /**
   * Creates a database with the extensions. An ordinary role owns the database.
   *
   * @throws IllegalStateException if the container is not running or the database cannot be created
   */
  public TestDatabase createDatabase() {
    if (databases == null) {
      throw new IllegalStateException(
          "the container is not started: call start(), or annotate its field with @Container");
    }
    return SharedServer.createDatabase(databases, /* withExtensions= */ true, /* preparer= */ null);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s[%s]", getClass().getSimpleName(), getDockerImageName());
  }
}
