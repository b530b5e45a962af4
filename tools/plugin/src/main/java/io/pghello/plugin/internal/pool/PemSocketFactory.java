// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import java.util.Properties;
import org.postgresql.ssl.WrappedFactory;

/**
 * Creates TLS sockets from certificates and keys in PEM format. The driver instantiates this class
 * by name.
 */
public final class PemSocketFactory extends WrappedFactory {
  static final String CA = "pghello.ca";
  static final String CERT = "pghello.cert";
  static final String KEY = "pghello.key";

  /**
   * Creates a factory.
   *
   * @param info the connection's properties
   */
  public PemSocketFactory(Properties info) {
    factory =
        Pem.context(info.getProperty(CA), info.getProperty(CERT), info.getProperty(KEY))
            .getSocketFactory();
  }
}
