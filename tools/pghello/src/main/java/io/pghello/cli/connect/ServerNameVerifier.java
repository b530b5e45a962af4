// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Compares the name of the host with the names in the server's certificate, with the rules of
 * libpq. The driver's own verifier accepts more: other wildcards, any of several common names, and
 * the common name next to addresses.
 */
public final class ServerNameVerifier implements HostnameVerifier {
  // The types of alternative names.
  private static final Integer DNS_NAME = 2;
  private static final Integer IP_ADDRESS = 7;

  private static final Pattern ADDRESS =
      Pattern.compile("[0-9]+(\\.[0-9]+){0,3}|[0-9A-Fa-f.:]*:[0-9A-Fa-f.:]*");

  /** Called by the driver. */
  public ServerNameVerifier() {}

  @Override
  public boolean verify(String host, SSLSession session) {
    try {
      return session.getPeerCertificates()[0] instanceof X509Certificate certificate
          && matches(host.replaceAll("^\\[|]$", ""), certificate);
    } catch (SSLPeerUnverifiedException | CertificateParsingException | NamingException e) {
      return false;
    }
  }

  /** Returns whether the certificate is for this name, or for this address without brackets. */
  static boolean matches(String host, X509Certificate certificate)
      throws CertificateParsingException, NamingException {
    byte[] address = address(host);
    boolean checksCommonName = true;
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    for (List<?> name : names == null ? List.<List<?>>of() : names) {
      Object type = name.get(0);
      // An address does not need a name, and a name does not need an address.
      checksCommonName &= !type.equals(address == null ? DNS_NAME : IP_ADDRESS);
      String value = String.valueOf(name.get(1));
      if (type.equals(DNS_NAME)
          ? matches(host, value)
          : type.equals(IP_ADDRESS) && Arrays.equals(address, address(value))) {
        return true;
      }
    }
    return checksCommonName && matches(host, commonName(certificate));
  }

  /** Returns the first common name, as libpq does; an empty text if there is none. */
  private static String commonName(X509Certificate certificate) throws NamingException {
    for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
      Attribute name = part.toAttributes().get("CN");
      if (name != null) {
        return String.valueOf(name.get());
      }
    }
    return "";
  }

  /** Returns whether a name is equal, or begins with a wildcard for the first label of the host. */
  private static boolean matches(String host, String name) {
    int label = host.indexOf('.');
    return isSame(host, name)
        || (label > 0
            && name.startsWith("*.")
            && name.length() > 2
            && isSame(host.substring(label), name.substring(1)));
  }

  /** Ignores the case of letters in ASCII only, because the Kelvin sign is not the letter K. */
  private static boolean isSame(String one, String other) {
    return one.equals(other) || (one.equalsIgnoreCase(other) && isAscii(one) && isAscii(other));
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(character -> character < 128);
  }

  /** Returns an address without looking up names; null if the host is a name. */
  private static byte @Nullable [] address(String host) {
    try {
      return ADDRESS.matcher(host).matches() ? InetAddress.getByName(host).getAddress() : null;
    } catch (UnknownHostException e) {
      return null;
    }
  }
}
