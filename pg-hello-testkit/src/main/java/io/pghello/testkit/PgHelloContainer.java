// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import io.pghello.extension.testkit.ExtensionContainer;
import io.pghello.extension.testkit.NativeExtension;
import io.pghello.testkit.internal.ExtensionFiles;
import org.testcontainers.utility.DockerImageName;

/**
 * A container of a stock {@code postgres} image with the extension {@code pg_hello}. The
 * extension's files are copied into the container, so {@code CREATE EXTENSION pg_hello} works.
 *
 * <pre>{@code
 * try (var container = new PgHelloContainer("postgres:17")) {
 *   container.start();
 *   DataSource dataSource = container.createDatabase().dataSource();
 * }
 * }</pre>
 *
 * <p>{@link ExtensionContainer} documents the requirements for the image and the class path. Not
 * thread-safe before {@link #start()} has returned.
 */
public final class PgHelloContainer extends ExtensionContainer<PgHelloContainer> {
  /**
   * Creates a container; {@link #start()} starts it.
   *
   * @param image the name of a {@code postgres} image or of an image that is based on one, for
   *     example {@code postgres:17}
   */
  public PgHelloContainer(String image) {
    this(DockerImageName.parse(image));
  }

  /**
   * Creates a container; {@link #start()} starts it.
   *
   * @param image the name of a {@code postgres} image or of an image that is based on one
   */
  public PgHelloContainer(DockerImageName image) {
    super(image, ExtensionFiles.NEEDS.prefix(), ExtensionFiles.NEEDS.application());
    withExtension(NativeExtension.fromClassPath("pg_hello"));
  }
}
