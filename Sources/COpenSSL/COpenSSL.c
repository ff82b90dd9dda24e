#include "COpenSSL.h"

BIO_METHOD *co_wire_method;

int co_wire_setup(void) {
  if (co_wire_method) return 1;
  int index = BIO_get_new_index();
  if (index < 0) return 0;
  BIO_METHOD *m = BIO_meth_new(index | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "socket");
  if (!m) return 0;
  BIO_meth_set_read(m, co_wire_read);
  BIO_meth_set_write(m, co_wire_write);
  BIO_meth_set_ctrl(m, co_wire_control);
  BIO_meth_set_destroy(m, co_wire_destroy);
  co_wire_method = m;
  return 1;
}
