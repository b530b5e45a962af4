// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.spring.boot.PgHelloProperties.PreflightMode;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code pg-extension.*}, for extensions other than {@code pg_hello}.
 *
 * @param check Names of the extensions to check at startup, in the database of the only or primary
 *     data source.
 * @param preflight Reaction if one of these extensions cannot be used at startup.
 */
@ConfigurationProperties("pg-extension")
public record ExtensionProperties(
    @DefaultValue List<String> check, @DefaultValue("warn") PreflightMode preflight) {
  /** Copies the names. */
  public ExtensionProperties {
    check = List.copyOf(check);
  }
}
