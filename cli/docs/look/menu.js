// На узком экране меню свёрнуто, пока его не открыли.
if (window.innerWidth <= 900) document.querySelector("nav details").open = false;
