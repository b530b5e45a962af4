// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;

/** Identifies the client of a request by its address. */
public final class ClientAddress {
  private static final int NETWORK_BYTES = 8;

  // 64:ff9b::/96, RFC 6052
  private static final byte[] NAT64 = {0, 0x64, (byte) 0xff, (byte) 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};

  private ClientAddress() {}

  /**
   * Returns an IPv4 address unchanged, and the /64 network of an IPv6 address, because a client can
   * use all addresses of its network. For an IPv6 address that represents an IPv4 address
   * (including NAT64 addresses), returns the IPv4 address.
   *
   * @param address the address that the servlet container reports; text that is not an address is
   *     returned unchanged
   */
  public static String of(String address) {
    String literal = address.replaceFirst("%.*", "");
    // parse only addresses, because parsing a name would cause a DNS lookup
    if (!literal.matches("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")) {
      return address;
    }
    try {
      InetAddress parsed = InetAddress.getByName(literal);
      byte[] bytes = parsed.getAddress();
      if (!(parsed instanceof Inet6Address)) {
        return parsed.getHostAddress();
      }
      if (Arrays.equals(bytes, 0, NAT64.length, NAT64, 0, NAT64.length)) {
        return InetAddress.getByAddress(Arrays.copyOfRange(bytes, NAT64.length, bytes.length))
            .getHostAddress();
      }
      return HexFormat.ofDelimiter(":").formatHex(bytes, 0, NETWORK_BYTES) + "::/64";
    } catch (UnknownHostException e) {
      return address;
    }
  }
}
