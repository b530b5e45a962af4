// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.spring.boot.PgHelloProperties.Preflight;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code pg-extension.*}, for extensions beside {@code pg_hello}.
 *
 * @param check The extensions of which the application's start checks that they can be used, by
 *     their names, in the database of its only or primary data source.
 * @param preflight What to do when the application starts and one of them cannot be used.
 */
@ConfigurationProperties("pg-extension")
public record ExtensionProperties(
    @DefaultValue List<String> check, @DefaultValue("warn") Preflight preflight) {
  /** Copies the names. */
  public ExtensionProperties {
    check = List.copyOf(check);
  }
}
