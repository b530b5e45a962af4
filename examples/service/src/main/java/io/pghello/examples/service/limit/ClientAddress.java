// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;

/** Names the client of a request by its address. */
public final class ClientAddress {
  private static final int NETWORK_BYTES = 8;

  private ClientAddress() {}

  /**
   * Returns an IPv4 address as it is, and of an IPv6 address the network, of which one client has
   * all addresses (/64). An IPv6 address that stands for an IPv4 address is that.
   *
   * @param address as the container says it; what is no address is returned as it is
   */
  public static String of(String address) {
    String literal = address.replaceFirst("%.*", "");
    // nothing else, or else a name would be looked up
    if (!literal.matches("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")) {
      return address;
    }
    try {
      InetAddress parsed = InetAddress.getByName(literal);
      return parsed instanceof Inet6Address
          ? HexFormat.ofDelimiter(":").formatHex(Arrays.copyOf(parsed.getAddress(), NETWORK_BYTES))
              + "::/64"
          : parsed.getHostAddress();
    } catch (UnknownHostException e) {
      return address;
    }
  }
}
